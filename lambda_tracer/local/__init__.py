"""The developer's side: run a handler here as Lambda would, and see its trace. Never part of the layer.

`cli` is the command; each of its own commands is a module of `commands`, which says what may stand behind it and runs
it. `run` starts the function, `receive` takes what the function says, `show` is what is printed. `doctor` looks for
what is wrong before anything is deployed. `view` takes the traces of every sender and shows them in a browser. Imports
point one way:

    cli -> commands -> view -> show -> run -> receive
           commands -> doctor -> run

It knows tracers by the documents they send and by nothing else, so it shows the traces of any of them; `doctor` alone
knows ours. Nothing in `lambda_tracer` imports it.
"""
