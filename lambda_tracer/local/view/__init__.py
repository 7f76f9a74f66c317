"""A local X-Ray: everything that is sent here, joined to traces, to look at in a browser, a terminal or by its API.

`datagrams` and `http_server` take what is sent; `intake` reads it (`otlp` where it is OpenTelemetry's), and `store`
keeps it as `joined_trace`s. What is known of one is its `summary` and its `details`, with its `calls` between services
and its `critical_path`; `filter` is X-Ray's language for choosing among them. `routes` answers the page and programs,
`xray_api` the clients of X-Ray, `events` a page that stays open. `files` reads traces that were written elsewhere,
`exports` writes them. Nothing here knows of the page (`page`, a folder of files) but its address.
"""
