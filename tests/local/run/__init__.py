"""The function runs as in Lambda: in a process or inline, in a trace that goes on, to an end of any kind."""
