"""The code ready to run that a release brings (`lambda_tracer.bundle`), and how it is made (`bundle/`)."""
