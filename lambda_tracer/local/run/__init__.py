"""What starts a function and runs one invocation after the other, as Lambda would.

`session` runs an event and collects its trace. It does so in a `sandbox`: `process_sandbox`, the real runtime client in
a `process` of its own, or `inline_sandbox`, this very process, in which an `alarm` stands for the time-out. `function`
says what the function is and which environment it gets, `tracing` which trace header, and `interruption` ends it all
when a signal comes. Where no document came, `silence` says why, by what is known of the run and by what stands in the
function's `own_files`.
"""
