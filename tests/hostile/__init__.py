"""What a tracer must survive: values and exceptions that raise when they are looked at, never end, or are used up."""
