"""One call is one subsegment: what a traced library calls to do its work is not traced again.

requests works through urllib3, which works through http.client; boto3 through urllib3, aiobotocore through
aiohttp. The outermost of them records the call and adds the trace header; the ones below, finding themselves
below, do neither.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token

_is_below: ContextVar[bool] = ContextVar("lambda_tracer_below_a_traced_call", default=False)


def is_below() -> bool:
    """Whether this runs on behalf of a call that is traced already."""
    return _is_below.get()


def enter() -> Token[bool]:
    """What is called from here on works for a call that is traced; give what this returns to `leave`."""
    return _is_below.set(True)


def leave(token: Token[bool]) -> None:
    """The traced call is over."""
    try:
        _is_below.reset(token)
    except ValueError:  # an abandoned coroutine is closed in another context, where nothing is below
        return
