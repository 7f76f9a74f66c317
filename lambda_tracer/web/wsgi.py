"""WSGIMiddleware: requests of a WSGI application as segments (PEP 3333).

The input is handed on unread. The answer gets one header more. It is read by the server alone, part by part, and the
segment ends with the last one, or when the server closes the answer.
"""

from __future__ import annotations

from urllib.parse import quote

from ..guard import failed
from ..trace.header import HEADER_NAME
from ..trace.w3c import NAMES
from . import request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any
else:
    # For type hints, as in `tracer`.
    from _collections_abc import Callable, Iterable

    Any = object

_WANTED = {
    "HTTP_HOST": "host",
    "HTTP_USER_AGENT": "user_agent",
    "HTTP_X_FORWARDED_FOR": "forwarded_for",
    "HTTP_X_AMZN_TRACE_ID": "header",
    **{f"HTTP_{name.upper()}": name for name in NAMES},
    "REMOTE_ADDR": "address",
}


class WSGIMiddleware:
    """A WSGI application that makes each request of another one a segment."""

    def __init__(self, app: Any, name: request.Name = None) -> None:
        """See `ASGIMiddleware`."""
        self.app = app
        self.name = name
        request.prepare()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Call the application. What it raises leaves as it came."""
        begun = _begun(environ, self.name, self.app)
        if begun is None:
            answer: Iterable[bytes] = self.app(environ, start_response)
            return answer

        def start(*given: Any, **named: Any) -> Any:
            return start_response(*_noted(begun, given), **named)

        is_complete = True
        try:
            body = self.app(environ, start)
            if type(body) not in (list, tuple) and not _is_file(body, environ):
                body = Sized(begun, body) if hasattr(type(body), "__len__") else Body(begun, body)
                is_complete = False
            return body  # type: ignore[no-any-return]  # whatever it is
        except BaseException as error:
            begun.fails(error)
            raise
        finally:
            if is_complete:
                begun.ends()
            else:
                begun.leave()


class Body:
    """The parts of an answer, made while the server asks for them. The segment goes on for as long as that takes."""

    def __init__(self, begun: request.RequestSegment, parts: Iterable[bytes]) -> None:
        """`parts` are the application's."""
        self._begun = begun
        self._parts = parts
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        begun = self._begun
        begun.go_on()
        try:
            if self._iterator is None:
                self._iterator = iter(self._parts)
            return next(self._iterator)
        except StopIteration:
            begun.completes()
            raise
        except BaseException as error:
            begun.fails(error)
            raise
        finally:
            begun.leave()

    def close(self) -> None:
        """The server needs no more: close what the application gave, if it can be closed, and end the segment."""
        begun = self._begun
        begun.go_on()
        try:
            close = getattr(self._parts, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            begun.fails(error)
            raise
        finally:
            begun.ends()

    def __del__(self) -> None:
        """A server, or a test, that never closed it: the segment ends all the same."""
        self._begun.ends()


class Sized(Body):
    """One whose parts are counted: servers know the length of an answer that has one part."""

    def __len__(self) -> int:
        return len(self._parts)  # type: ignore[arg-type]  # made for what has a length


def _is_file(body: object, environ: dict[str, Any]) -> bool:
    """Whether the server is to send a file by itself, as it knows best: it must get its own kind back."""
    kind = environ.get("wsgi.file_wrapper")
    return isinstance(kind, type) and isinstance(body, kind)


def _noted(begun: request.RequestSegment, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Note the answer's status; returns what was given, with the trace header behind the other headers.

    Headers that may be read only once are left to the server.
    """
    try:
        status, headers = (*given, None, None)[:2]
        known = (
            {name.lower(): value for name, value in headers} if isinstance(headers, (list, tuple)) else None
        )
        number = int(status[:3]) if type(status) is str and status[:3].isdecimal() else None
        length = known.get("content-length", "") if known else ""
        begun.answers(number, length if length.isdecimal() else None)
        if known is not None and HEADER_NAME.lower() not in known:
            return (status, [*headers, (HEADER_NAME, begun.header())], *given[2:])
    except Exception as error:
        failed(error)
    return given


def _begun(environ: dict[str, Any], name: request.Name, app: object) -> request.RequestSegment | None:
    try:
        base = environ.get("SCRIPT_NAME") or ""
        path = base + (environ.get("PATH_INFO") or "")
        asked = request.Asked(
            environ.get("wsgi.url_scheme") or "http",
            environ.get("REQUEST_METHOD") or "GET",
            path,
            base,
            quote(path, encoding="latin-1", errors="replace"),
        )
        for key, found in _WANTED.items():
            setattr(asked, found, environ.get(key))
        if not asked.host:
            asked.host, port = environ.get("SERVER_NAME"), environ.get("SERVER_PORT")
            if asked.host and port not in (None, "80", "443"):
                asked.host += f":{port}"
        return request.begin(asked, name, app, environ)
    except Exception as error:
        failed(error)
        return None
