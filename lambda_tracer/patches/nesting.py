"""One call is one subsegment: what a traced library calls to do its work is not traced again.

requests works through urllib3, which works through http.client; boto3 through urllib3, aiobotocore through
aiohttp. The outermost of them records the call and adds the trace header; the ones below, finding themselves
below, do neither. But what the *user's* code does while such a call runs is work of its own: a response hook, a
generator as body, an application that is called in process, a function that fetches credentials.

The call stack tells the two apart: between a call and what it does for itself there is nothing but the libraries. No
mark is set anywhere, so none can be left behind by an exception. A task or a thread that is started meanwhile has a
stack of its own, and is on its own.
"""

from __future__ import annotations

import sys

from ..guard import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, Protocol

    class Call(Protocol):
        """A call of a library's function being recorded."""

        def open(self) -> None:
            """The call begins. Whatever happens in this or after it, `close` is going to be called."""

        def answered(self, response: Any, /) -> None:
            """The function returned `response`."""

        def close(self, error: BaseException | None = None) -> None:
            """The call has ended, by `error` if it raised; called again where it was interrupted from outside."""

        def is_for(self, library: str, method: object, url: str) -> bool:
            """Whether this is the call of another library that makes the HTTP request with that method and URL."""


_HTTP_AND_AWS = (
    "aioboto3 aiobotocore aiohappyeyeballs aiohttp anyio boto3 botocore h11 h2 httpcore httpx pynamodb requests"
    " s3transfer sniffio socks trio urllib urllib3 xmlrpc"
)
_WORK_THROUGH = "asyncio concurrent contextlib functools http socket ssl threading"
_WRAP_THEM = "aws_xray_sdk ddtrace eventlet gevent lambda_tracer newrelic opentelemetry sentry_sdk wrapt"
_LIBRARIES = frozenset(f"{_HTTP_AND_AWS} {_WORK_THROUGH} {_WRAP_THEM}".split())
"""Packages whose code may stand between a call and what it does for itself."""


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
    """Call `function`, which works for the call above it, whoever called it: a subclass of the user's, say."""
    return function(*args, **kwargs)


_RUN, _RUN_ASYNC, _ENCLOSE = run.__code__, run_async.__code__, enclose.__code__


def is_below(owner: object = None, library: str = "", method: object = None, url: str | None = None) -> bool:
    """Whether what calls the caller of this works for a call that is traced already.

    `owner` is the object whose method is called: what a subclass of the user's does before it calls that method of its
    base is not the user's own work. `method` and `url` are those of the HTTP request that is going to be made through
    `library`: the same as that of the call above, through another library, is made on its behalf, by whatever code.
    """
    try:
        frame: FrameType | None = sys._getframe(2)
        is_users = is_enclosed = False
        while frame is not None:
            code = frame.f_code
            if code is _RUN or code is _RUN_ASYNC:
                return not is_users or (
                    url is not None and frame.f_locals["call"].is_for(library, method, url)
                )
            if code is _ENCLOSE:
                is_enclosed = True
            elif not is_users and not is_enclosed and not _is_of_library(frame, owner):
                if url is None:
                    return False
                is_users = True
            frame = frame.f_back
    except Exception as error:
        failed(error)
    return False


def _is_of_library(frame: FrameType, owner: object) -> bool:
    name = frame.f_globals.get("__name__")
    if type(name) is str and name.partition(".")[0] in _LIBRARIES:
        return True
    code = frame.f_code
    if owner is None or code.co_argcount == 0:
        return False
    return frame.f_locals.get(code.co_varnames[0]) is owner
