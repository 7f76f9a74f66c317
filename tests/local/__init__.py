"""The command `lambda-tracer`: run as a user would, on handlers that send their documents themselves."""
