"""What is wrong with a function's tracing before it is deployed: the findings behind `lambda-tracer doctor`.

`examination` goes through a project: `files` finds what is to be read; `cloudformation`, `serverless`, `terraform` and
`cdk` read what describes functions, and give a `function.Function` for each; `source` reads Python without running it,
and `imported` imports a handler in a process of its own, which is `probe`. Each of the other modules looks at one
matter and gives findings. `finding.CODES` lists all there can be, in the order of the page "I see no trace".
"""
