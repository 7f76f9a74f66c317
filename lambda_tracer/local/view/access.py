"""Who may ask: programs on this machine, and the view's own page.

Any page in a browser can send requests to the loopback, and by a name that it has resolved to 127.0.0.1 it could read
the answers (DNS rebinding). So `Host` has to be the loopback's, and what a browser says of a request's origin has to be
the view's own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from lambda_tracer.local.receive.http_connection import BadRequest

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_CONTAINERS = ("host.docker.internal", "host.containers.internal")
"""What a container calls the machine it runs on. By these names one can send, and ask for nothing that was sent."""

_SENDING = (
    "/TraceSegments",
    "/TelemetryRecords",
    "/GetSamplingRules",
    "/SamplingTargets",
    "/v1/traces",
)


def check_access(method: str, path: str, headers: dict[str, str], port: int) -> None:
    """Raise a `BadRequest` (403) for a request that is not to be answered, 400 where its address can't be read."""
    try:
        urlsplit(path)
    except ValueError:
        raise BadRequest(400, "an address that can't be read") from None
    name, _, given_port = headers.get("host", "").lower().rpartition(":")
    names = (*_LOOPBACK, *_CONTAINERS) if path in _SENDING else _LOOPBACK
    if name not in names or given_port != str(port):
        raise BadRequest(403, f"Host must be one of {', '.join(f'{name}:{port}' for name in _LOOPBACK)}")
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{name}:{port}":
        raise BadRequest(403, "the request comes from a page of another origin")
    site = headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin") and not _is_link_to_page(method, path, headers):
        raise BadRequest(403, "the request comes from a page of another site")


def _is_link_to_page(method: str, path: str, headers: dict[str, str]) -> bool:
    """Somebody followed a link to the page: what it shows, the other site can't see."""
    is_navigation = (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )
    return method == "GET" and urlsplit(path).path == "/" and is_navigation
