"""The developer's side: run a handler here as Lambda would, and see its trace. Never part of the layer.

`lambda-tracer invoke app.lambda_handler` (`cli`, `options`) runs one invocation after the other (`session`)
in a `sandbox`: the real runtime client in a `process` of its own, served by `runtime_api`, or `inline`, in this
one. What the function sends arrives at `daemon`, is checked by the rules in `documents`, put together by
`trace` and drawn by `report`, `waterfall` and `rows`.

It knows tracers by the documents they send and by nothing else, so it shows the traces of any of them; and
nothing in `lambda_tracer` imports it.
"""
