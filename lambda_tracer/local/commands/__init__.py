"""The commands behind `lambda-tracer`: one module each, with `add_to(commands)` for its options and `run(options)`."""
