"""Servers: `lambda_tracer.web`."""
