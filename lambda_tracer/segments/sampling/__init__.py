"""Which segments of our own are recorded."""
