"""X-Ray's limits and alphabets: what a document may be, and what it drops without telling anybody.

Rules: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

PREAMBLE = '{"format":"json","version":1}\n'
"""What the X-Ray daemon expects before each document."""

MAX_DATAGRAM_BYTES = 64_000
"""A document with its preamble. X-Ray takes 64 kB; a UDP datagram holds 65,507 bytes."""

MAX_DOCUMENT_BYTES = MAX_DATAGRAM_BYTES - len(PREAMBLE) - 200
"""One subsegment without trace, parent and type, which `standalone` adds (under 200 bytes)."""

MAX_NAME = 200

MAX_ANNOTATION_TEXT = 1_000

MAX_HTTP_TEXT = 250
"""Characters; from the segment document's rules, as are the request and response keys below."""

MAX_ANNOTATION_BYTES = 40_000
"""All annotations of one subsegment. X-Ray indexes 50 a trace; what is beyond these bytes is counted and left out."""

MAX_LINKS = 20
"""Other traces that a segment can be linked to: "Tracing event-driven applications" in the developer guide,
https://docs.aws.amazon.com/xray/latest/devguide/xray-tracelinking.html"""

MAX_TRACE_BYTES = 500_000
"""X-Ray takes no more of one trace: https://docs.aws.amazon.com/general/latest/gr/xray.html"""

AWS_TEXTS = ("operation", "region", "request_id", "account_id", "queue_url", "table_name")

ASCII_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:/%&#=+-@")

# A dot is allowed by the page about annotations ("You cannot use spaces or symbols other than a dot or period"), the
# underscore by that about segment documents; a dash, which OpenTelemetry's attributes may have, by none:
# https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-dotnet-segment.html
ANNOTATION_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")


def is_annotation_key(key: object) -> bool:
    """Whether X-Ray takes `key` for an annotation: 1 to 500 ASCII letters, digits, underscores and dots."""
    if not issubclass(type(key), str):
        return False
    text = str.__str__(key)
    return 0 < len(text) <= 500 and ANNOTATION_KEY.issuperset(text)
