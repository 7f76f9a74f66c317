"""How the bundles of a release are made: see `lambda_tracer.bundle`."""
