"""X-Ray's filter expressions: `tokens`, the `parser` that makes an `expression` of them, and what it `match`es.

The language is that of https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html. What it knows and
this does not (groups) is refused with a message, never passed over.
"""
