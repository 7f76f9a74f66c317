"""The answer that a web framework makes for a captured handler: which route it is of, and which exception led to it.

Nothing is opened here: both go to the handler's own subsegment. The outermost call of an application begins an `Answer`
in this context. Inside it the framework's patch says which route matched, and which exceptions came by. Once a status
of 400 or more is on its way, it came of the last of them, whoever made an answer of it: the framework, a function that
handles exceptions, a middleware.

An application that the user's code calls while another one answers (a test client, an application as a transport of
httpx) answers nobody's request: nothing is recorded of it.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

from ... import recording
from ...guard import failed, pass_on
from ...trace.subsegment import handler_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...trace.subsegment import Subsegment

_MAX_FRAMES = 20

_answer: ContextVar[Answer | None] = ContextVar("lambda_tracer_answer", default=None)


class Answer:
    """One answer of an application, from the call of it to its end."""

    __slots__ = (
        *("_answered", "_base", "_carrier", "_error", "_is_called_inside", "_is_over", "_outer", "_prefix"),
        *("_status", "app", "handler", "request"),
    )

    def __init__(
        self,
        handler: Subsegment,
        request: object,
        base: str,
        outer: Answer | None,
        app: object,
        carrier: object,
    ) -> None:
        """`handler` is what is recorded on. `request` is what a request is known by in the applications that are
        mounted in this one, and `base` the path above the application, which is no part of routes. `outer` is what
        this context is answering otherwise: then nothing is recorded, unless that is recorded on another one. `app` is
        the application, and `carrier` the object that the request is in: a middleware may change what it says.
        """
        self.handler = handler
        self.request = request
        self.app = app
        self._carrier = carrier
        self._base = base
        self._outer = outer
        self._is_called_inside = outer is not None and outer.handler is handler
        self._is_over = False
        self._prefix = ""
        self._status = 0
        self._error: BaseException | None = None
        self._answered: BaseException | None = None

    def is_of(self, request: object, carrier: object = None) -> bool:
        """Whether the request is the one that is answered here."""
        is_same = request is self.request or (carrier is not None and carrier is self._carrier)
        return is_same or (type(request) is tuple and request == self.request)

    def is_under_way(self) -> bool:
        """Whether neither the application's call nor that of the handler has ended."""
        return not self._is_over and self.handler.end_time is None

    def is_recorded(self) -> bool:
        """Whether it is under way, and that of the handler."""
        return not self._is_called_inside and self.is_under_way()

    def matched(self, method: object, template: object) -> None:
        """A route matched: annotate it, behind what it is mounted on. Exceptions that came by before led nowhere."""
        self._error = None
        if type(method) is str and type(template) is str and self.is_recorded():
            self.handler.put_annotation("Route", f"{method} {self._prefix + template or '/'}")

    def mounted(self, template: str, base: str) -> tuple[str, str]:
        """What follows is mounted on `template`, up to the path `base`. Returns what `unmounted` takes."""
        before = self._prefix, self._base
        self._prefix += template
        self._base = base
        return before

    def unmounted(self, before: tuple[str, str]) -> None:
        """Undo `mounted`."""
        self._prefix, self._base = before

    def mounted_at(self, base: str) -> tuple[str, str]:
        """`mounted` where there is no template: what the path has more than the one above, if that is a mount's.

        Middlewares move other parts of paths there, too, and what a header says: none of these is part of a template.
        """
        more = base[len(self._base) :] if base.startswith(self._base) else ""
        return self.mounted(more if more and _is_mount(more) else "", base)

    def raised(self, error: BaseException) -> None:
        """An exception came by that may become the answer."""
        if not self._is_over:
            self._error = error

    def begins(self, status: object) -> None:
        """The application answers with that status."""
        error, self._error = self._error, None
        if not issubclass(type(status), int):
            return
        self._status = int.__int__(status)  # type: ignore[arg-type]  # an int, perhaps of a subclass
        if error is not None:
            self._answered = error
            if self._status >= 400:
                self._record(error, self._status)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """The application's call has ended: by `error`, if it raised.

        One that became the answer may be raised all the same, to be logged. Any other comes too late for an answer, or
        whoever called the application makes one of it.
        """
        _answer.set(self._outer)
        self._is_over = True
        if error is not None and error is not self._answered and issubclass(type(error), Exception):
            is_first = self._answered is None and self._status >= 400
            self._record(error, self._status if is_first else 500, has_become_the_answer=is_first)
        self._outer = self._error = self._answered = self._carrier = None

    def _record(self, error: BaseException, status: int, *, has_become_the_answer: bool = True) -> None:
        handler = self.handler
        if self._is_called_inside or handler.end_time is not None:
            return
        try:
            before = handler.fault, handler.error, handler.throttle
            # What the handler returns has the last word on what became its answer.
            if not has_become_the_answer:
                handler.invocation.flags_before = (True, *(handler.invocation.flags_before or before)[1:])
            elif handler.invocation.flags_before is None:
                handler.invocation.flags_before = before
            handler.add_exception(error)
            handler.fault = before[0]
            handler.apply_status_code(status)
        except Exception as failure:
            failed(failure)


def current() -> Answer | None:
    """What this context is answering; None where it answers nothing that is recorded."""
    found = _answer.get()
    return found if found is not None and found.is_recorded() else None


def raised(error: BaseException) -> None:
    """An exception came by that may become the answer of what this context is answering."""
    found = _answer.get()
    if found is not None:
        found.raised(error)


def matched(method: object, template: object) -> None:
    """A route matched, in what this context is answering."""
    found = _answer.get()
    if found is not None:
        found.matched(method, template)


def begin(
    request: object,
    base: str = "",
    app: object = None,
    carrier: object = None,
    handler: Subsegment | None = None,
) -> Answer | None:
    """Begin the answer of an application that is called; see `Answer`. The call is to be within it.

    `handler` is what is recorded on where that is no captured handler: the segment of a request.

    None where it is nothing new: nothing is recorded, or the application is part of one that is answering already.
    """
    try:
        outer = _answer.get()
        is_inside = outer is not None and outer.is_under_way()
        if handler is not None:
            found = Answer(handler, request, base, outer if is_inside else None, app, carrier)
        elif outer is not None and is_inside:
            if not outer.is_recorded() or outer.is_of(request, carrier):
                return None
            found = Answer(outer.handler, request, base, outer, app, carrier)
        else:
            handler = _handler()
            if handler is None:
                return None
            found = Answer(handler, request, base, None, app, carrier)
        _answer.set(found)
        return found
    except Exception as error:
        failed(error)
        return None


def _handler() -> Subsegment | None:
    """The subsegment of the captured handler that runs, if what is done here is recorded."""
    found = recording.default.place()
    running = None if found is None else found[0]
    if running is None and recording.kept is not None:
        running = recording.kept.invocation_here()
    handler = None if running is None else handler_of(running)
    return handler if handler is not None and handler.end_time is None else None


def is_awaited() -> bool:
    """Whether an application that is called now may be the handler's answer, or part of one: a quick look."""
    return _answer.get() is not None or _handler() is not None


# What is put around the functions of an application


def wsgi(call: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is a WSGI application."""

    def call_answering(self: Any, environ: Any, start_response: Any) -> Any:
        if not is_awaited():
            return call(self, environ, start_response)
        base = _text(environ, "SCRIPT_NAME")
        request = _text(environ, "REQUEST_METHOD"), base + _text(environ, "PATH_INFO")
        found = begin(request, base, self, environ)
        if found is None:
            within = current()
            if within is None or within.app is self:
                return call(self, environ, start_response)
            before = within.mounted_at(base)
            try:
                return call(self, environ, start_response)
            finally:
                within.unmounted(before)

        def start_noted(status: Any, *args: Any, **kwargs: Any) -> Any:
            found.begins(int(status[:3]) if type(status) is str and status[:3].isdecimal() else None)
            return start_response(status, *args, **kwargs)

        with found:
            return call(self, environ, start_noted)

    return call_answering


def asgi(call: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is an ASGI application."""

    async def call_answering(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        if not is_awaited() or _text(scope, "type") != "http":
            return await call(self, scope, receive, send)
        base, path = _text(scope, "root_path"), _text(scope, "path")
        within = current()
        if within is not None and _is_mounted(self, scope):
            request = within.request
        else:
            # Below a mount there is the whole path, or what is left of it.
            request = _text(scope, "method"), path if path.startswith(base) else base + path
        found = begin(request, base, self, scope)
        if found is None:
            if within is None or within.app is self:
                return await call(self, scope, receive, send)
            before = within.mounted_at(base)
            try:
                return await call(self, scope, receive, send)
            finally:
                within.unmounted(before)

        async def send_noted(message: Any) -> None:
            if _text(message, "type") == "http.response.start":
                found.begins(message.get("status"))
            await send(message)

        with found:
            return await call(self, scope, receive, send_noted)

    return call_answering


def _is_mount(part: str) -> bool:
    """Whether a dispatcher (werkzeug's, hypercorn's) that has called this has an application mounted at that path."""
    frame: Any = sys._getframe(2)
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return False
        mounts = (
            getattr(frame.f_locals.get("self"), "mounts", None) if "mounts" in frame.f_code.co_names else None
        )
        if type(mounts) is dict and part in mounts:
            return True
        frame = frame.f_back
    return False


def _is_mounted(app: Any, scope: Any) -> bool:
    """Whether an application of Starlette's has come before this one."""
    try:
        return "app" in scope and scope["app"] is not app
    except Exception as error:
        failed(error)
        return False


def _text(values: Any, name: str) -> str:
    """A text of a request; an empty one where there is none."""
    try:
        value = values.get(name)
    except Exception as error:
        pass_on(error)  # whoever calls an application with that is about to be told
        return ""
    return value if type(value) is str else ""


def noted(call: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose exceptions may become the answer."""

    def call_noted(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except Exception as error:
            raised(error)
            raise

    return call_noted


def noted_async(call: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine function whose exceptions may become the answer."""

    async def call_noted(*args: Any, **kwargs: Any) -> Any:
        try:
            return await call(*args, **kwargs)
        except Exception as error:
            raised(error)
            raise

    return call_noted


def _begun(request_of: Callable[..., object], args: Any, kwargs: Any) -> Answer | None:
    try:
        return begin(request_of(*args, **kwargs))
    except Exception as error:
        pass_on(error)  # whoever calls an application with that is about to be told
        return None


def returned(
    call: Callable[..., Any], request_of: Callable[..., object], status_of: Callable[[Any], object]
) -> Callable[..., Any]:
    """A method that returns an answer: `request_of` its arguments is what the request is known by."""

    def call_answering(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = _begun(request_of, args, kwargs) if is_awaited() else None
        if found is None:
            return call(self, *args, **kwargs)
        with found:
            response = call(self, *args, **kwargs)
            found.begins(status_of(response))
        return response

    return call_answering


def returned_async(
    call: Callable[..., Any], request_of: Callable[..., object], status_of: Callable[[Any], object]
) -> Callable[..., Any]:
    """`returned` for a coroutine function."""

    async def call_answering(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = _begun(request_of, args, kwargs) if is_awaited() else None
        if found is None:
            return await call(self, *args, **kwargs)
        with found:
            response = await call(self, *args, **kwargs)
            found.begins(status_of(response))
        return response

    return call_answering
