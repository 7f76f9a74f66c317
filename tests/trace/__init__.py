"""What a trace is made of: the header, invocations, the initialization, subsegments."""
