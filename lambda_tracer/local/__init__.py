"""The developer's side: run a handler here as Lambda would, and see its trace. Never part of the layer.

`lambda-tracer invoke app.lambda_handler` is `cli`; `options` is what may stand behind it. It has three rooms: `run`
starts the function, `receive` takes what the function says, `show` is what is printed. Imports point one way:

    cli -> show -> run -> receive

It knows tracers by the documents they send and by nothing else, so it shows the traces of any of them; and
nothing in `lambda_tracer` imports it.
"""
