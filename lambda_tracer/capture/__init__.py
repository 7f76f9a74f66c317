"""What a Tracer records of a call: of a function, of the handler, of a record."""
