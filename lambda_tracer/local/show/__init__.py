"""What is printed: the `result` on standard output, and the `report` with the trace on standard error.

A trace is drawn by `waterfall`, in the `rows` that are worth a `line`. `console` says how wide and how colourful.
"""
