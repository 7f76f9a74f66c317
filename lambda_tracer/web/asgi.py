"""ASGIMiddleware: requests and websockets of an ASGI application as segments.

https://asgi.readthedocs.io/en/latest/specs/www.html. What is received is handed on unseen. Of what is sent the first
message of an answer gets one header more; the segment ends when the last one has been sent.
"""

from __future__ import annotations

from urllib.parse import quote

from ..guard import failed
from ..trace.header import HEADER_NAME
from ..trace.w3c import NAMES
from . import request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence
    from typing import Any, TypeAlias

    Scope: TypeAlias = MutableMapping[str, Any]
    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
else:
    # For type hints, as in `tracer`.
    from _collections_abc import Awaitable, Callable, MutableMapping

    Any = object
    Scope = Message = MutableMapping[str, object]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_HEADER = HEADER_NAME.lower().encode("ascii")
_WANTED = {
    b"host": "host",
    b"user-agent": "user_agent",
    b"x-forwarded-for": "forwarded_for",
    _HEADER: "header",
    **{name.encode("ascii"): name for name in NAMES},
}
_STARTS = frozenset(("http.response.start", "websocket.http.response.start"))
_PARTS = frozenset(("http.response.body", "http.response.zerocopysend"))


class ASGIMiddleware:
    """An ASGI application that makes each request, and each websocket's connection, of another one a segment."""

    def __init__(self, app: Any, name: request.Name = None) -> None:
        """`app` is the application. `name`: what segments are called, a str or a `DynamicNaming`.

        None: as `LAMBDA_TRACER_SEGMENT` or `AWS_XRAY_TRACING_NAME` says, else the recorder's `service`, else the host.
        """
        self.app = app
        self.name = name
        request.prepare()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Call the application. What it raises leaves as it came."""
        begun = _begun(scope, self.name, self.app)
        if begun is None:
            return await self.app(scope, receive, send)
        try:
            return await self.app(scope, receive, Sending(begun, send))
        except BaseException as error:
            begun.fails(error)
            raise
        finally:
            begun.ends()


class Sending:
    """The `send` of an application that answers a request."""

    __slots__ = ("_begun", "_has_started", "_has_trailers", "_send")

    def __init__(self, begun: request.RequestSegment, send: Send) -> None:
        """`send` is the server's."""
        self._begun = begun
        self._send = send
        self._has_started = False
        self._has_trailers = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        is_last = False
        try:
            kind = message.get("type")
            if kind in _STARTS:
                message = self._started(message)
            elif kind in _PARTS:
                is_last = not message.get("more_body", False) and not self._has_trailers
            elif kind == "http.response.pathsend":
                is_last = not self._has_trailers
            elif kind == "websocket.accept":
                self._has_started = True
                self._begun.answers(101)
                message = self._with_header(message)
            elif kind == "websocket.close" and not self._has_started:
                self._begun.answers(403)
        except Exception as error:
            failed(error)
        await self._send(message)
        if is_last:
            self._begun.completes()

    def _started(self, message: Message) -> Message:
        self._has_started = True
        self._has_trailers = bool(message.get("trailers", False))
        headers = _headers(message)
        length = next((value for name, value in headers or () if name.lower() == b"content-length"), None)
        number = length.decode("latin-1") if length is not None else ""
        self._begun.answers(message.get("status"), number if number.isdecimal() else None)
        return self._with_header(message)

    def _with_header(self, message: Message) -> Message:
        headers = _headers(message)
        if headers is None or any(name.lower() == _HEADER for name, _ in headers):
            return message
        return {**message, "headers": [*headers, (_HEADER, self._begun.header().encode("ascii"))]}


def _headers(message: Message) -> Sequence[tuple[bytes, bytes]] | None:
    """Those of an answer; None where they may be read only once, by the server."""
    headers = message.get("headers") or ()
    return headers if isinstance(headers, (list, tuple)) else None


def _begun(scope: Scope, name: request.Name, app: object) -> request.RequestSegment | None:
    try:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            return None
        base, path, raw = scope.get("root_path") or "", scope["path"], scope.get("raw_path")
        asked = request.Asked(
            scope.get("scheme") or ("http" if kind == "http" else "ws"),
            scope.get("method") or "GET",
            path if path.startswith(base) else base + path,
            base,
            raw.decode("latin-1").partition("?")[0] if raw else quote(path, errors="replace"),
        )
        if not isinstance(scope["headers"], (list, tuple)):
            scope["headers"] = list(scope["headers"])  # an iterable, as the specification allows
        for header, value in scope["headers"]:
            found = _WANTED.get(header)
            if found is not None and getattr(asked, found) is None:
                setattr(asked, found, value.decode("latin-1"))
        client = scope.get("client")
        asked.address = client[0] if client else None
        return request.begin(asked, name, app, scope)
    except Exception as error:
        failed(error)
        return None
