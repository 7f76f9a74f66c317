"""The guard between the tracer's work and the user's call, and the one voice the tracer has in the log.

An error of ours ends here: it is counted, one record says that tracing lost something and the function did
not, and the user's call goes on as if undecorated. The first message of a kind is a WARNING, every later one
of that kind DEBUG. In the project's own test suite `reraise` is true, so that a bug of ours fails a test
instead of hiding.

What comes from outside while our code runs is no error of ours: a signal handler of the user's that raises, Ctrl-C, an
exception that another thread set, a debugger. Every `except` of ours that might catch one gives it to `failed` or
`pass_on` first, and it goes on to where it was meant for.
"""

from __future__ import annotations

import _signal as signals  # type: ignore[import-not-found]  # the C module: `signal` would be one more to import
import logging
import os
import sys
from _thread import allocate_lock, get_ident, start_new_thread
from functools import partial
from types import FunctionType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType, ModuleType, TracebackType
    from typing import Any

reraise = False
"""Set by the project's own test suite: an error of ours is raised instead of logged."""

failures = 0
"""How many errors of ours were caught in this process."""

LOG_WAIT_S = 0.1
"""How long a call of the user's waits for its log to take a message of ours. A handler that blocks for longer goes on
in its own thread, and what is said meanwhile waits there."""

MAX_UNSAID = 100
"""Messages that wait for a log that is blocked; further ones are dropped."""

_SIGNALS = [
    getattr(signals, name)
    for name in ("SIGALRM", "SIGTERM", "SIGINT", "SIGPROF", "SIGVTALRM", "SIGUSR1", "SIGUSR2", "SIGHUP")
    if hasattr(signals, name)
]

PACKAGE_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
"""Where the files of this package are, with a separator at its end."""

is_kept_back: Callable[[int], bool] | None = None
"""Whether the library whose names are used keeps messages of a level back, where it does so."""

_said: set[str] = set()
_unsaid: list[tuple[Any, ...]] = []
_speaking: set[int] = set()  # the threads that log what is unsaid: one, as a rule, which then ends
loading: dict[int, FrameType] = {}  # by thread: the call that imports a module in it

_traceback_of = BaseException.__dict__["__traceback__"].__get__
_args_of = BaseException.__dict__["args"].__get__


def failed(error: BaseException) -> None:
    """Count an error of ours and report it once; raise one from outside. In the project's own test suite raise both."""
    global failures
    pass_on(error)
    if type(error) is CannotLoad:
        return
    failures += 1
    if reraise:
        raise error
    # Its type and place, not itself: its message, or the exceptions it came from, may be the user's.
    warn_once(
        "failed",
        "lambda_tracer lost a part of the trace; the function is not affected: %s at %s",
        type(error).__name__,
        _place(error),
    )


def pass_on(error: BaseException) -> None:
    """Raise `error` again if it came from outside; return if it came from what we did, or from a value we looked at."""
    if is_from_outside(error):
        raise error


def is_from_outside(error: BaseException) -> bool:
    """Whether an exception that we caught was raised by none of what we called.

    - A signal handler is called with the frame that it interrupts, and so is a tracing function; no other function is
      called with the frame that calls it. So the traceback tells them. One that has let go of the frame is known by
      being installed.
    - An exception that another thread sets, or that Python itself raises for Ctrl-C, has no call below ours. It comes
      without arguments, which what C code raises has.
    """
    innermost = traceback = _traceback_of(error)
    if traceback is not None and traceback.tb_next is not None:
        installed = _signal_handlers()
        while traceback.tb_next is not None:
            innermost = traceback.tb_next
            if _is_called_with(innermost.tb_frame, traceback.tb_frame):
                return True
            if innermost.tb_frame.f_code in installed:
                return True
            traceback = innermost
    if innermost is None or issubclass(
        type(error), (GeneratorExit, StopIteration, StopAsyncIteration, MemoryError)
    ):
        return False
    is_ours = innermost.tb_frame.f_code.co_filename.startswith(PACKAGE_FOLDER)
    if is_ours and issubclass(type(error), (KeyboardInterrupt, SystemExit)):
        return True
    if is_ours and not (issubclass(type(error), Exception) and _args_of(error)):
        return instruction(innermost) != "RAISE_VARARGS"
    if issubclass(type(error), KeyboardInterrupt):
        return instruction(innermost) != "RAISE_VARARGS"
    return (
        not is_ours
        and not _args_of(error)
        and instruction(innermost).startswith(("RESUME", "JUMP_", "POP_JUMP"))
    )


def _is_called_with(frame: FrameType, interrupted: FrameType) -> bool:
    """Whether a call was given the frame that it interrupts."""
    code = frame.f_code
    count = (
        code.co_argcount + code.co_kwonlyargcount + ((code.co_flags >> 2) & 1) + ((code.co_flags >> 3) & 1)
    )
    if count == 0:
        return False
    given = frame.f_locals
    back = frame.f_back or interrupted  # the import system takes its own frames out of tracebacks
    for name in code.co_varnames[:count]:
        value = given.get(name)
        for each in value if type(value) is tuple else (value,):
            if each is interrupted or each is back:
                return True
    return False


def _signal_handlers() -> list[CodeType]:
    """What the signal handlers run that are installed, for the signals that time limits and exits are made of."""
    codes = []
    for number in _SIGNALS:
        handler: Any = signals.getsignal(number)
        while type(handler) is partial:
            handler = handler.func
        if type(handler) is MethodType:
            handler = handler.__func__
        elif type(handler) is not FunctionType:
            handler = type(handler).__dict__.get("__call__")
        if type(handler) is FunctionType:
            codes.append(handler.__code__)
    return codes


def instruction(traceback: TracebackType) -> str:
    """The instruction at which a frame was left."""
    if not can_load(opcode):
        return ""
    name: str = opcode.opname[traceback.tb_frame.f_code.co_code[traceback.tb_lasti]]
    return name


def is_running(frame: FrameType, thread_id: int) -> bool:
    """Whether a call is still under way in that thread, which an exception may have ended at any point."""
    at: FrameType | None
    at = sys._getframe() if thread_id == get_ident() else sys._current_frames().get(thread_id)
    while at is not None:
        if at is frame:
            return True
        at = at.f_back
    return False


class CannotLoad(Exception):
    """A module cannot be imported at this moment, or at all. Where that is an error of ours, it has been said."""


class Late:
    """A module that few calls need, to be read as the module itself: it is imported when something of it is asked for.

    That raises CannotLoad, and `can_load` says no, in the middle of another import of ours on the same thread: Python's
    import system has locks that a signal handler which interrupts it would wait for, and for ever. So no call of the
    user's gets to an import statement within a function.
    """

    __slots__ = ("_module",)

    def __init__(self, module: str) -> None:
        """`module` is the whole dotted name; checkers read an import of it under TYPE_CHECKING."""
        self._module = module

    def __getattr__(self, name: str) -> Any:
        module = _loaded(self._module)
        if module is None:
            raise CannotLoad(self._module)
        return getattr(module, name)

    def __bool__(self) -> bool:
        return _loaded(self._module) is not None


def can_load(module: object) -> bool:
    """Whether a `Late` module is there, or can be imported now."""
    return bool(module)


def _loaded(name: str) -> ModuleType | None:
    module = sys.modules.get(name)
    if module is not None and not getattr(module.__spec__, "_initializing", False):
        return module
    thread_id = get_ident()
    other = loading.get(thread_id)
    if other is not None and is_running(other, thread_id):
        return None
    try:
        loading[thread_id] = sys._getframe()
        __import__(name)
        return sys.modules[name]
    except Exception as error:  # no more files can be opened, or Python is shutting down
        failed(error)
        return None
    finally:
        loading.pop(thread_id, None)


if TYPE_CHECKING:
    import opcode
else:
    opcode = Late("opcode")  # only where something was raised


def is_loading() -> bool:
    """Whether this is in the middle of an import of ours on the same thread, so that nothing else can be loaded."""
    return bool(loading) and get_ident() in loading


def warn_once(kind: str, message: str, *args: object) -> None:
    """Log `message` at WARNING the first time something of this `kind` happens in the process, later at
    DEBUG.

    `args` are formatted into the message by `logging`; never pass the user's values, they may be secrets.
    Handlers and filters are the user's code: they run in a thread of their own, in this context, and what they raise
    stays there.
    """
    try:
        level = logging.DEBUG if kind in _said else logging.WARNING
        _said.add(kind)
        if get_ident() in _speaking or not _is_wanted(level):
            return  # the first: a handler that is traced itself, of which we have something to say
        from _contextvars import copy_context

        done = allocate_lock()
        done.acquire()
        if len(_unsaid) < MAX_UNSAID:
            _unsaid.append((done, copy_context(), level, message, args))
        if not _speaking:
            try:
                start_new_thread(_speak, ())
            except RuntimeError as error:  # no thread can be started: at Python's end, or at a limit
                pass_on(error)
                _speak()
            done.acquire(True, LOG_WAIT_S)
    except Exception as error:
        pass_on(error)  # else it is logging's, or that of the user's logger class


def _is_wanted(level: int) -> bool:
    """Whether the log takes messages of that level, as far as its loggers' attributes say.

    The loggers themselves are asked in the thread that speaks: getting one takes a lock of logging's, which somebody
    may hold who waits for us, and its class may be the user's.
    """
    manager = logging.Logger.manager
    logger: Any = manager.loggerDict.get("lambda_tracer")
    if not issubclass(type(logger), logging.Logger):  # nobody has asked for it yet, or only for one below it
        logger = manager.root
    if level <= manager.disable or object.__getattribute__(logger, "__dict__").get("disabled"):
        return False
    while logger is not None:
        attributes = object.__getattribute__(logger, "__dict__")
        if attributes.get("level"):
            if attributes["level"] > level:
                return False
            break
        logger = attributes.get("parent")
    return is_kept_back is None or not is_kept_back(level)


def _speak() -> None:
    """Log what is unsaid, then end."""
    thread_id = get_ident()
    while _unsaid:
        try:
            _speaking.add(thread_id)
            while _unsaid:
                _say(*_unsaid.pop(0))
        except IndexError as error:  # another thread has said it
            pass_on(error)
        finally:
            _speaking.discard(thread_id)


def _say(done: Any, context: Any, level: int, message: str, args: tuple[object, ...]) -> None:
    try:
        context.run(logging.getLogger("lambda_tracer").log, level, message, *args)
    except BaseException as error:  # of the user's handler or filter
        pass_on(error)
    finally:
        done.release()


def reset() -> None:
    """Forget what was caught and said, for tests."""
    global failures
    failures = 0
    _said.clear()


def after_fork() -> None:
    """In a forked child, where no other thread exists."""
    _speaking.clear()
    _unsaid.clear()
    loading.clear()


def _place(error: BaseException) -> str:
    place = "unknown"
    traceback = _traceback_of(error)
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith(PACKAGE_FOLDER):
            place = f"{code.co_filename[len(PACKAGE_FOLDER) :]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
