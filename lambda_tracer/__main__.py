"""`python -m lambda_tracer ...` is `lambda-tracer ...`, where the developer's side is installed."""

if __name__ == "__main__":
    import sys
    from importlib.util import find_spec

    if find_spec("lambda_tracer.local") is None:
        sys.exit("lambda-tracer: the command is not part of the layer: pip install 'lambda-tracer[local]'")
    import lambda_tracer.local.__main__  # noqa: F401  # runs the command
