"""Any value: it is looked at and never asked, and its cost is bounded."""
