"""What tracing costs: lambda_tracer beside the incumbents, in one interleaved run, on your own machine.

    python -m benchmarks            everything: prints the table, writes benchmarks/RESULTS.md, about 12 minutes
    python -m benchmarks --quick    the same with few samples: does everything still run?

This package is the side that decides what runs when, and adds up; `probes` is the side that is measured: scripts
that run in the tracers' own environments (see `environments`) and import nothing from here. How each tracer is
set up is in `probes/subjects.py`, one class each.
"""
