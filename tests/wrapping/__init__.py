"""How one callable is wrapped, whatever is recorded of its calls."""
