"""An HTTP call as the trace shows it: what the patches of all HTTP clients share.

One call that the user made is one subsegment: redirects and retries that the library sees to by itself
are inside it, with the status of the last answer. It ends when the answer's headers have arrived, so
bodies that are read later stay unread; a library that reads the body before it returns is measured until
then.

Records: the lower-cased host as name, namespace remote, the method, the URL without credentials, query
and fragment, the status with the flags it stands for, and the length that the answer's header says. A
refused connection, a time-out and every other exception that keeps the answer from coming is a fault with
its cause. An exception that stands for an answer (`raise_for_status`, where the library was asked to call
it) is not: the answer came.
"""

from __future__ import annotations

from ... import recording
from ...guard import failed
from ...trace.header import HEADER_NAME
from .. import nesting
from . import ignored
from .address import Address, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEADER_NAME_LOWER = HEADER_NAME.lower()
_WORK_ALONE = ("aiohttp", "httpx")
"""Libraries that do not work through others that are traced, unless each hop says so itself."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def new_exchange(
    library: str,
    function: str,
    owner: object,
    method: Any,
    url: Any,
    name: str | None = None,
    status: str = "status",
) -> Exchange | None:
    """The call about to be made, for `nesting.run`; None where it is to be made as if unpatched.

    `function` is the name of the method that makes it, `owner` its object; `library` tells calls of the same library
    from those of others. `url` is the whole URL, a str or what becomes one by `str()`. `name` is for the subsegment, in
    place of the host. `status` is the attribute in which the library's responses have theirs.
    """
    try:
        address = Address(str(url))
        if nesting.is_below(function, owner, library, method, address.url):
            return None
        if ignored.is_ignored(address):
            return Exchange(library, None, address, None, status, is_ignored=True)
        if not recording.default.is_sampled() and recording.default.trace_header() is None:
            return None
        place = nesting.of_others("http", method, address.url)
        return Exchange(library, method, address, name, status, place=place)
    except Exception as error:
        failed(error)
        return None


class Exchange:
    """One HTTP call. Once it is open, `header` is what its request is to carry, None for nothing."""

    __slots__ = (
        "_address",
        "_answer",
        "_context",
        "_due",
        "_library",
        "_method",
        "_name",
        "_place",
        "_status",
        "_subsegment",
        "header",
        "is_begun",
        "is_ignored",
    )

    def __init__(
        self,
        library: str,
        method: Any,
        address: Address,
        name: str | None,
        status: str,
        *,
        is_ignored: bool = False,
        place: nesting.Place | None = None,
    ) -> None:
        """`place`: where others record the call, None where we do."""
        self._library = library
        self._method = method
        self._address = address
        self._due: tuple[object, str] | None = None if library in _WORK_ALONE else (method, address.url)
        self._name = name
        self._status = status
        self._context: Any = None
        self._subsegment: Any = None
        self._answer: type[BaseException] | None = None
        self.is_ignored = is_ignored
        self._place = place
        self.is_begun = False
        self.header: str | None = None

    def open(self) -> None:
        """The call begins."""
        self.is_begun = True
        try:
            if not self.is_ignored:
                self._open()
                self.header = recording.default.trace_header()
        except Exception as error:
            failed(error)

    def close(self, error: BaseException | None = None) -> None:
        """The call has ended."""
        if error is not None and self._answer is not None and issubclass(type(error), self._answer):
            self._answer = None
            self.answered_by_exception(getattr(error, "response", None))
        if self._context is not None:
            self._context.close(error)

    def raises_for_status(self, kind: type[BaseException]) -> Exchange:
        """That the library raises exceptions of this type, with a `response`, for answers; returns itself."""
        self._answer = kind
        return self

    def makes(self, library: str, method: object, url: str | None) -> bool:
        """True: a redirect or a retry of the library's own, or another library making one."""
        if library != self._library:
            self._due = None  # so nobody else will
        elif self._library not in _WORK_ALONE and url is not None:
            self._due = (method, url)
        return True

    def is_for(self, library: str, method: object, url: str) -> bool:
        """Whether the request is the one due, through another library: that of an adapter of the user's, say."""
        return library != self._library and self._due is not None and _is_same(self._due, method, url)

    def answered(self, response: Any) -> None:
        """Describe the answer: its status, and the length that its `headers` say."""
        if self._subsegment is None:
            return
        try:
            code = getattr(response, self._status, None)
            if isinstance(code, int):
                self._subsegment.put_http_meta("status", int(code))
            headers = getattr(response, "headers", None)
            length = None if headers is None else headers.get("Content-Length")
            if isinstance(length, str) and length.isascii() and length.isdigit():
                self._subsegment.put_http_meta("content_length", int(length))
        except Exception as error:
            failed(error)

    def answered_by_exception(self, response: Any) -> None:
        """`answered`, where the library raises because of the status: the call has not failed by that."""
        self.answered(response)
        if self._subsegment is not None:
            self._subsegment.close()

    def replaces(self, name: Any) -> bool:
        """Whether a header that the caller puts (its name as str or bytes) gives way to ours."""
        return is_trace_header(name) and recording.default.trace_header() is not None

    def suspend(self) -> None:
        """Stop being current: what the caller does between request and answer is not part of the call."""
        if self._context is not None:
            self._context.suspend()

    def resume(self) -> None:
        """Be current again, to be exited."""
        if self._context is not None:
            self._context.resume()

    def _open(self) -> None:
        name = self._name or self._address.host or "UNKNOWN HOST"
        self._context = self._place or recording.default.recording(name, "remote")
        if self._context is None:
            return
        self._context.open()
        self._subsegment = self._context.subsegment
        if self._subsegment is None:
            return
        if self._method is not None:
            self._subsegment.put_http_meta("method", text_of(self._method).upper())
        self._subsegment.put_http_meta("url", self._address.url)


class Hop:
    """One request of a library that sends several for one call: nothing below it is traced.

    While it is sent the trace header is in `headers`, the mutable mapping of the request itself; then they
    are as before. A copy of the request would not do: transports and hooks see it and may change it, and
    responses refer to it.
    """

    __slots__ = ("_before", "_due", "_headers", "_value")

    def __init__(self, headers: Any, value: str | None, due: tuple[object, str] | None = None) -> None:
        """With either None the headers stay as they are. `due`: method and URL of the request, None for any."""
        self._headers = headers
        self._due = due
        self._value = None if headers is None else value
        self._before: list[tuple[Any, Any]] = []

    def open(self) -> None:
        """Put the header in."""
        if self._value is None:
            return
        try:
            self._before = [(key, self._headers[key]) for key in self._headers if is_trace_header(key)]
            for key, _ in self._before:
                del self._headers[key]
            self._headers[HEADER_NAME] = self._value
        except Exception as error:
            failed(error)

    def answered(self, response: Any) -> None:
        """Nothing: what the answer says is the call's to note."""

    def close(self, error: BaseException | None = None) -> None:
        """Have the headers as they were."""
        if self._value is None:
            return
        try:
            # Another thread may be sending the same request by now, with a header of its own.
            if self._headers.get(HEADER_NAME) == self._value:
                del self._headers[HEADER_NAME]
            if not any(is_trace_header(key) for key in self._headers):
                for key, value in self._before:
                    self._headers[key] = value
        except Exception as error:
            failed(error)

    def makes(self, library: str, method: object, url: str | None) -> bool:
        """True."""
        return True

    def is_for(self, library: str, method: object, url: str) -> bool:
        """Whether the request is this one, through another library: that of a transport of the user's, say."""
        return self._due is not None and _is_same(self._due, method, url)


def new_hop(request: Any) -> Hop | None:
    """The request about to be sent for a call under way; None where it is to be sent as if unpatched."""
    try:
        address = Address(str(request.url))
        value = None if ignored.is_ignored(address) else recording.default.trace_header()
        return Hop(request.headers, value, (request.method, address.url))
    except Exception as error:
        failed(error)
        return None


def with_header(headers: Any, value: str | None) -> Any:
    """A copy of `headers` (a mapping or None), of the same type where it has `copy`, with the trace header.

    One that is in them is replaced, however it is written. With `value` None they are returned themselves.
    """
    if value is None:
        return headers
    try:
        copy = {} if headers is None else headers.copy() if hasattr(headers, "copy") else dict(headers)
        for key in [key for key in copy if is_trace_header(key)]:
            del copy[key]
        copy[HEADER_NAME] = value
        return copy
    except Exception as error:
        failed(error)
        return headers


def whole_url(scheme: str, host: str, port: int | None, target: object) -> str:
    """The URL of a request over a connection; its target is a path, or a URL already where the connection
    is to a proxy.
    """
    target = text_of(target)
    if "://" in target and target[:1] != "/":
        return target
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        authority = f"{authority}:{port}"
    return f"{scheme}://{authority}{target}"


def is_trace_header(name: Any) -> bool:
    """Whether a header's name (str or bytes) is that of the trace header."""
    return len(name) == len(HEADER_NAME) and text_of(name).lower() == _HEADER_NAME_LOWER


def _is_same(due: tuple[object, str], method: object, url: str) -> bool:
    """Whether a request of that method (None for any) and URL is also one of the other."""
    return url == due[1] and (due[0] is None or text_of(method).upper() == text_of(due[0]).upper())
