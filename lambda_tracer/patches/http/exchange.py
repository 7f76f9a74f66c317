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
from ...trace.w3c import NAMES, TRACEPARENT, TRACESTATE
from .. import nesting
from . import ignored
from .address import DEFAULT_PORTS, Address, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_HEADER_NAME_LOWER = HEADER_NAME.lower()
_NAMES = frozenset((_HEADER_NAME_LOWER, *NAMES))
_LENGTHS = frozenset(len(name) for name in _NAMES)
_WORK_ALONE = ("aiohttp", "httpx")
"""Libraries that do not work through others that are traced, unless each hop says so itself."""

_NOTHING: Mapping[str, str] = {}


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
        if not recording.default.is_followed() and recording.default.trace_header() is None:
            return None
        place = nesting.of_others("http", method, address.url)
        return Exchange(library, method, address, name, status, place=place)
    except Exception as error:
        failed(error)
        return None


class Exchange:
    """One HTTP call. Once it is open, `headers` is what its request is to carry, by name."""

    __slots__ = (
        "_address",
        "_answer",
        "_context",
        "_due",
        "_given",
        "_library",
        "_method",
        "_name",
        "_place",
        "_status",
        "_subsegment",
        "headers",
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
        self.headers: Mapping[str, str] = _NOTHING
        self._given: list[tuple[Any, Any]] | None = None

    def open(self) -> None:
        """The call begins."""
        self.is_begun = True
        try:
            if not self.is_ignored:
                self._open()
                self.headers = _sent_to(self._address)
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

    def replaces(self, name: Any, value: Any) -> bool:
        """Whether a header that the caller puts (its name as str or bytes) gives way to ours; others are noted."""
        if not is_context_header(name):
            return False
        sent = recording.default.trace_context()
        if lacking([(name, value)], sent)[1]:
            return True
        if self._given is None:
            self._given = []
        self._given.append((name, value))
        return False

    def lacking(self) -> Mapping[str, str]:
        """Of `headers` what the caller has not put: see `replaces`."""
        if self._given is None:
            return self.headers
        try:
            return lacking(self._given, self.headers)[0]
        except Exception as error:
            failed(error)
            return _NOTHING

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

    While it is sent, the trace header and what goes with it are in `headers`, the mutable mapping of the request
    itself; then they are as before. A copy of the request would not do: transports and hooks see it and may change it,
    and responses refer to it.
    """

    __slots__ = ("_before", "_due", "_headers", "_put", "_sent")

    def __init__(self, headers: Any, sent: Mapping[str, str], due: tuple[object, str] | None = None) -> None:
        """`sent` is to be put in, by name. `due`: method and URL of the request, None for any."""
        self._headers = headers
        self._due = due
        self._sent = _NOTHING if headers is None else sent
        self._put: Mapping[str, str] = _NOTHING
        self._before: list[tuple[Any, Any]] = []

    def open(self) -> None:
        """Put the headers in."""
        if not self._sent:
            return
        try:
            headers = self._headers
            put, given_up = lacking(headers.items(), self._sent)
            self._before = [(key, headers[key]) for key in given_up]
            for key in given_up:
                if key in headers:  # once, however often it is there
                    del headers[key]
            self._put = put
            for name, value in put.items():
                headers[name] = value
        except Exception as error:
            failed(error)

    def answered(self, response: Any) -> None:
        """Nothing: what the answer says is the call's to note."""

    def close(self, error: BaseException | None = None) -> None:
        """Have the headers as they were."""
        self.restore(self._headers)

    def restore(self, headers: Any) -> None:
        """Have these headers, the request's own or a copy of them, as the request's were."""
        if not self._put:
            return
        try:
            # Another thread may be sending the same request by now, with headers of its own.
            for name, value in self._put.items():
                if headers.get(name) == value:
                    del headers[name]
            there = {text_of(key).lower() for key in headers if is_context_header(key)}
            for key, value in self._before:
                if text_of(key).lower() not in there:
                    headers[key] = value
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
        sent = _NOTHING if ignored.is_ignored(address) else _sent_to(address)
        return Hop(request.headers, sent, (request.method, address.url))
    except Exception as error:
        failed(error)
        return None


def with_headers(headers: Any, sent: Mapping[str, str]) -> Any:
    """A copy of `headers` (a mapping or None), of the same type where it has `copy`, with what is `sent`.

    A trace header that is in them is replaced, however it is written; of the others, those that are there stay. With
    nothing to send they are returned themselves.
    """
    if not sent:
        return headers
    try:
        copy = {} if headers is None else headers.copy() if hasattr(headers, "copy") else dict(headers)
        put, given_up = lacking(copy.items(), sent)
        for key in given_up:
            if key in copy:  # once, however often it is there
                del copy[key]
        for name, value in put.items():
            copy[name] = value
        return copy
    except Exception as error:
        failed(error)
        return headers


def lacking(given: Iterable[tuple[Any, Any]], sent: Mapping[str, str]) -> tuple[Mapping[str, str], list[Any]]:
    """What of `sent` a request lacks that has the headers `given`, and the names of those that give way to it.

    A trace header gives way, and a `traceparent` that a call of ours has put there in which this one is made; nothing
    else. A `tracestate` belongs to the `traceparent` that it came with, and goes with no other.
    """
    there, given_up = set(), []
    for key, value in given:
        if is_context_header(key):
            name = text_of(key).lower()
            if name == _HEADER_NAME_LOWER:
                gives_way = HEADER_NAME in sent
            else:
                gives_way = name == TRACEPARENT and name in sent and _is_of_an_open_call(value)
            if gives_way:
                given_up.append(key)
            else:
                there.add(name)
    if not there:
        return sent, given_up
    if TRACEPARENT in there:
        there.add(TRACESTATE)
    return {name: value for name, value in sent.items() if name.lower() not in there}, given_up


def whole_url(scheme: str, host: str, port: int | None, target: object) -> str:
    """The URL of a request over a connection; its target is a path, or a URL already where the connection
    is to a proxy.
    """
    target = text_of(target)
    if "://" in target and target[:1] != "/":
        return target
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS.get(scheme):
        authority = f"{authority}:{port}"
    return f"{scheme}://{authority}{target}"


def is_context_header(name: Any) -> bool:
    """Whether a header's name (str or bytes) is that of the trace header, or of one that goes with it."""
    return len(name) in _LENGTHS and text_of(name).lower() in _NAMES


def _sent_to(address: Address) -> Mapping[str, str]:
    """What a request to that address carries."""
    context = recording.default.trace_context()
    if "Signature=" in address.target:
        # Signed beforehand, for whoever has it: some servers refuse what was not signed, and it is none of theirs.
        for name in NAMES:
            context.pop(name, None)
    return context


def _is_of_an_open_call(value: object) -> bool:
    """Whether it is a call of ours which is under way that has put this `traceparent` there: a hook of the user's sends
    its request once more.
    """
    current = recording.default.current_subsegment()
    if current is None or current.invocation is None:
        return False
    caller = current.invocation.open.get(text_of(value)[36:52])
    return getattr(caller, "namespace", None) == "remote"


def _is_same(due: tuple[object, str], method: object, url: str) -> bool:
    """Whether a request of that method (None for any) and URL is also one of the other."""
    return url == due[1] and (due[0] is None or text_of(method).upper() == text_of(due[0]).upper())
