"""What a trace is made of: the header, invocations, subsegments, and where a context is among them."""
