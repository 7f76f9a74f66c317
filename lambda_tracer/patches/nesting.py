"""One call is one subsegment: what a traced library calls to do its work is not traced again.

requests works through urllib3, which works through http.client; boto3 through urllib3, aiobotocore through
aiohttp. The outermost of them records the call and adds the trace header; the ones below, finding themselves
below, do neither. But what the *user's* code does while such a call runs is work of its own: a response hook, a
generator as body, an application that is called in process, a function that fetches credentials.

The call stack tells the two apart: between a call and what it does for itself there is nothing but the libraries, and
functions that stand in for one of theirs, a method of a subclass say: called in its place, they call it. No
mark is set anywhere, so none can be left behind by an exception. A task or a thread that is started meanwhile has a
stack of its own, and is on its own.
"""

from __future__ import annotations

import sys

from ..guard import failed, pass_on
from .registry import LIBRARIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType
    from typing import Any, Protocol, TypeAlias

    from .replace import Make

    class Call(Protocol):
        """A call of a library's function being recorded."""

        def open(self) -> None:
            """The call begins. Whatever happens in this or after it, `close` is going to be called."""

        def answered(self, response: Any, /) -> None:
            """The function returned `response`."""

        def close(self, error: BaseException | None = None) -> None:
            """The call has ended, by `error` if it raised; called again where it was interrupted from outside."""

        def makes(self, library: str, method: object, url: str | None) -> bool:
            """Whether requests are what this call is made of: one is being made for it, by nothing but libraries.

            `url` is None for a call of an AWS API, which makes requests itself.
            """

        def is_for(self, library: str, method: object, url: str) -> bool:
            """Whether the HTTP request with that method and URL, which other code makes, is this call's."""

    class Place(Protocol):
        """Where in the trace a call is made that others record: current from `open` to `close`."""

        @property
        def subsegment(self) -> None:
            """None: it is not ours to describe."""

        def open(self) -> None:
            """The call begins."""

        def close(self, error: BaseException | None = None) -> None:
            """The call has ended."""

        def suspend(self) -> None:
            """Stop being current."""

        def resume(self) -> None:
            """Be current again."""

    NewCall: TypeAlias = Callable[[Any, str, tuple[Any, ...], Mapping[str, Any]], Call | None]


others: Callable[[str, object, str | None], Place | None] | None = None
"""Gives the place of the call about to be made if somebody else has opened its subsegment: a span of OpenTelemetry.
Given are what is called (`http`, `aws`, `sql`), and method and URL of HTTP."""

_HTTP_AND_AWS = (
    "aioboto3 aiohappyeyeballs anyio boto3 h11 h2 httpcore s3transfer sniffio socks trio urllib xmlrpc"
)
_CLOUDS = "azure google"
_DATABASES = (
    "MySQLdb aiomysql asyncmy coredis greenlet oracledb psycopg_binary psycopg_c psycopg_pool pyodbc scramp sqlmodel"
    " valkey"
)
_WORK_THROUGH = "asyncio concurrent contextlib functools http socket ssl threading"
_STAND_AROUND = (
    "aws_xray_sdk backoff cachecontrol datadog_lambda ddtrace elasticapm epsagon eventlet gevent instana lambda_tracer"
    " logfire lumigo_tracer newrelic opentelemetry requests_cache requests_toolbelt retrying sentry_sdk tenacity vcr"
    " wrapt"
)
USERS, LIBRARY, AROUND = 1, 2, 3
"""Whose code a call runs; the last: what may stand around functions of a library."""
_KINDS = {
    **dict.fromkeys(
        [name.partition(".")[0] for each in LIBRARIES.values() for name in each.modules], LIBRARY
    ),
    **dict.fromkeys(f"{_HTTP_AND_AWS} {_CLOUDS} {_DATABASES} {_WORK_THROUGH}".split(), LIBRARY),
    **dict.fromkeys(_STAND_AROUND.split(), AROUND),
}
"""Packages whose code may stand between a call and what it does for itself: they make it, or stand around functions.
Those that are traced are among them."""

kinds: dict[object, int] = {}  # by the names of modules


def traced(new_call: NewCall, *, is_async: bool = False) -> Make:
    """What makes a traced method of a library's method, or of its coroutine function.

    `new_call(owner, name, args, kwargs)` describes the call about to be made of the method with that name: None where
    nothing is to be recorded.
    """

    def make(method: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(method, "__name__", "")

        def call_method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            call = new_call(self, name, args, kwargs)
            if call is None:
                return method(self, *args, **kwargs)
            return run(call, method, self, *args, **kwargs)

        async def call_coroutine(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            call = new_call(self, name, args, kwargs)
            if call is None:
                return await method(self, *args, **kwargs)
            return await run_async(call, method, self, *args, **kwargs)

        return call_coroutine if is_async else call_method

    return make


# What these two have in common stands in both: an exception from outside at the beginning of a function that closed the
# call for them would leave it open.


def run(call: Call, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call `function`, recorded by `call`: what it calls to do its work is below it."""
    try:
        call.open()
        result = function(*args, **kwargs)
        call.answered(result)
        call.close()
    except BaseException as error:
        try:
            call.close(error)
        except BaseException:
            call.close(error)
            raise
        raise
    return result


async def run_async(call: Call, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """`run` for a coroutine function."""
    try:
        call.open()
        result = await function(*args, **kwargs)
        call.answered(result)
        call.close()
    except BaseException as error:
        try:
            call.close(error)
        except BaseException:
            call.close(error)
            raise
        raise
    return result


def enclose(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call `function`, to which a function of the same name may hand on what it was called for."""
    return function(*args, **kwargs)


RUN, RUN_ASYNC, _ENCLOSE = run.__code__, run_async.__code__, enclose.__code__


def is_below(
    name: str, owner: object = None, library: str = "", method: object = None, url: str | None = None
) -> bool:
    """Whether what calls the caller of this works for a call that is traced already.

    `name` is that of the method that is called, `owner` its object: a subclass of the user's may call it in a method of
    that name. `method` and `url` are those of the HTTP request that is going to be made through `library`.
    """
    try:
        frame: FrameType | None = sys._getframe(2)
        called: FrameType | None = (
            None  # by code of the user's: a library's function, None for the patched method
        )
        entered: FrameType | None = (
            None  # from a library: the outermost of the user's functions that called it
        )
        is_users = is_enclosed = False
        while frame is not None:
            code = frame.f_code
            is_call = code is RUN or code is RUN_ASYNC
            if is_users and not is_call:
                frame = frame.f_back
                continue
            kind = kinds.get(frame.f_globals.get("__name__")) or kind_of(frame)
            if kind == USERS:
                entered = frame
            elif is_call or kind == LIBRARY:
                if entered is not None:
                    is_users = not stands_in(entered, name, owner, called, is_enclosed)
                    entered = None
                if is_call:
                    call = frame.f_locals["call"]
                    if not is_users:
                        return bool(call.makes(library, method, url))
                    return url is not None and bool(call.is_for(library, method, url))
                if is_users and url is None:
                    return False
                is_enclosed = False
                called = frame
            elif code is _ENCLOSE:
                is_enclosed = True
            frame = frame.f_back
    except Exception as error:
        failed(error)
    return False


def of_others(what: str, method: object = None, url: str | None = None) -> Place | None:
    """The place of the call about to be made where somebody else records it; see `others`."""
    return None if others is None else others(what, method, url)


def kind_of(frame: FrameType) -> int:
    """Whose code a call runs, by the name of its module."""
    name = frame.f_globals.get("__name__")
    kind = _KINDS.get(name.partition(".")[0], USERS) if type(name) is str else USERS
    if len(kinds) < 10_000:
        kinds[name] = kind
    return kind


def stands_in(
    entered: FrameType, name: str, owner: object, called: FrameType | None, is_enclosed: bool
) -> bool:
    """Whether a function of the user's was called in the place of the library's function that is called below it."""
    if called is not None:
        code = called.f_code
        if code.co_argcount == 0:
            return False
        name, owner = code.co_name, called.f_locals.get(code.co_varnames[0])
    code = entered.f_code
    if is_enclosed and code.co_name == name:
        return True
    try:
        places = [object.__getattribute__(owner, "__dict__")]
    except AttributeError as error:
        pass_on(error)
        places = []
    places += [vars(cls) for cls in type(owner).__mro__]
    if not any(_has_code(place[name], code) for place in places if name in place):
        return False
    first = entered.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    return first is owner or type(first) is not type(owner)


def _has_code(function: Any, code: CodeType) -> bool:
    """Whether calling `function`, as it stands in a class, runs that code: its own, or that of what it wraps."""
    for _ in range(20):
        if getattr(function, "__code__", None) is code:
            return True
        wrapper = getattr(function, "_self_wrapper", None)  # wrapt's
        if getattr(wrapper, "__code__", None) is code:
            return True
        for inner in ("__wrapped__", "__func__", "func"):
            found = getattr(function, inner, None)
            if found is not None:
                break
        else:
            return False
        function = found
    return False
