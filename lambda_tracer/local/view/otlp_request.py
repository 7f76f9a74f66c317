"""A request of OTLP over HTTP: protobuf or JSON, compressed or not.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from lambda_tracer.local.receive.json_value import NotJSON, read
from lambda_tracer.local.receive.otlp.span import Span, read_json, read_protobuf
from lambda_tracer.local.receive.otlp.wire import WireError
from lambda_tracer.local.view.size import MAX_PARTS, has_too_many_parts

MAX_BYTES = 50_000_000
"""Of a request after it was decompressed."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def spans_in(body: bytes, headers: dict[str, str]) -> Iterator[Span]:
    """The spans of a request, each read when it is asked for; a `WireError` if it can't be read."""
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding in ("gzip", "deflate"):
        body = _decompressed(body)
    elif encoding != "identity":
        raise WireError(f"the Content-Encoding {encoding[:40]} is none of gzip, deflate, identity")
    if not headers.get("content-type", "").startswith("application/json"):
        return read_protobuf(body)
    if has_too_many_parts(body):
        raise WireError(f"it has more than {MAX_PARTS:,} objects and lists")
    try:
        return read_json(read(body))
    except NotJSON as exc:
        raise WireError(f"it is not JSON: {exc}") from exc


def _decompressed(body: bytes) -> bytes:
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        found = decompressor.decompress(body, MAX_BYTES)
    except zlib.error as exc:
        raise WireError(f"it can't be decompressed: {exc}") from exc
    if decompressor.unconsumed_tail:
        raise WireError(f"it has more than {MAX_BYTES:,} bytes")
    if not decompressor.eof:
        raise WireError("it is cut off")
    return found
