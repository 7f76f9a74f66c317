"""What takes what the function says: its documents, its answers and its log. It knows nothing of how it was started.

`daemon` takes documents in the X-Ray daemon's place: `documents` and `document_blocks` hold them against X-Ray's rules,
`trace` puts them together. `runtime_api` takes answers: over an `http_connection`, from `peers` that may give them, as
`events` about an `invocation`. `logs` passes on what is printed. Whatever comes may come from anybody: `json_value`
reads it within bounds, and `plain_text` takes from it what could command a terminal.
"""
