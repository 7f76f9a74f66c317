"""Tracing changes nothing that the user sees: every kind of callable, every hostile value, in every surrounding.

Each test does the same thing twice, with a plain callable and with a decorated one, and compares what came of it. The
project's guard lets errors of our own through in the tests, so that one fails here even where it would only be logged.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import os
import socket
import tempfile
import threading
import types
import warnings
import weakref
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import lambda_tracer
from lambda_tracer import Tracer, UDPEmitter, global_sdk_config, guard, xray_recorder
from tests import hostile
from tests.daemon import Daemon
from tests.hostile import CONSUMABLE, EXCEPTIONS, RECIPES, Nasty

PACKAGE = str(Path(lambda_tracer.__file__).parent) + os.sep
OURS_AND_CONTEXTLIB = (PACKAGE, contextlib.__file__)

Action = Callable[[], Any]
Decorate = Callable[[Any], Any]
Kind = Callable[[Decorate], Callable[[Action], Any]]


# --- What came of a call --------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What came of a call: what it returned, or the exception it raised and the user's frames it came through."""

    value: Any
    error: BaseException | None
    frames: list[tuple[str, int]]


def outcome(call: Callable[..., Any], *args: Any) -> Outcome:
    try:
        value = call(*args)
    except BaseException as error:
        return Outcome(None, error, frames_of(error))
    return Outcome(value, None, [])


def told(came: Outcome) -> str:
    """An outcome in words, without looking at the value or the exception."""
    if came.error is None:
        return "returned"
    return f"{type.__getattribute__(type(came.error), '__name__')} through {came.frames}"


def frames_of(error: BaseException) -> list[tuple[str, int]]:
    """The frames of an exception but the tracer's and contextlib's, outermost first: function and line."""
    # Through the type: some of these exceptions refuse to show their attributes.
    traceback: types.TracebackType | None = BaseException.__dict__["__traceback__"].__get__(error)
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(OURS_AND_CONTEXTLIB):
            frames.append((code.co_name, traceback.tb_lineno))
        traceback = traceback.tb_next
    return frames


def about(error: BaseException) -> tuple[Any, ...]:
    """What must not change of an exception on its way: its arguments and what it says of where it came from."""
    read = BaseException.__dict__
    return (
        type(error),
        tuple(map(id, read["args"].__get__(error))),
        id(read["__cause__"].__get__(error)),
        id(read["__context__"].__get__(error)),
        read["__suppress_context__"].__get__(error),
        {name: id(value) for name, value in read["__dict__"].__get__(error).items()},
    )


# --- The kinds of callables: each makes one, decorated or not, and a function that drives it to its end ---------


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that awaits nothing."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it awaited something")


def function(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function(action: Action) -> Any:
        return action()

    return function


def handler(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def handler(event: Action, context: object) -> Any:
        return event()

    return lambda action: handler(action, None)


def coroutine_function(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    async def function(action: Action) -> Any:
        return action()

    return lambda action: finish(function(action))


def generator_item(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function(action: Action) -> Any:
        yield action()

    def drive(action: Action) -> Any:
        items = list(function(action))
        assert len(items) == 1
        return items[0]

    return drive


def generator_result(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function(action: Action) -> Any:
        yield
        return action()

    def drive(action: Action) -> Any:
        generator = function(action)
        next(generator)
        try:
            generator.send(None)
        except StopIteration as stop:
            return stop.value

    return drive


def generator_sent(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    def function() -> Any:
        yield (yield)

    def drive(action: Action) -> Any:
        generator = function()
        next(generator)
        try:
            value = action()
        except BaseException as error:
            return generator.throw(error)
        return generator.send(value)

    return drive


def async_generator_item(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    async def function(action: Action) -> Any:
        yield action()

    async def drive(action: Action) -> Any:
        items = [item async for item in function(action)]
        assert len(items) == 1
        return items[0]

    return lambda action: finish(drive(action))


def async_generator_sent(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    async def function() -> Any:
        yield (yield)

    async def drive(action: Action) -> Any:
        generator = function()
        await generator.asend(None)
        try:
            value = action()
        except BaseException as error:
            return await generator.athrow(error)
        value = await generator.asend(value)
        await generator.aclose()
        return value

    return lambda action: finish(drive(action))


def _managed(manager: Callable[..., Any]) -> Callable[[Action], Any]:
    def drive(action: Action) -> Any:
        with manager(action) as value:
            return value

    return drive


def context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.contextmanager
    def manager(action: Action) -> Any:
        yield action()

    return _managed(manager)


def decorated_generator_as_context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @contextlib.contextmanager
    @decorate
    def manager(action: Action) -> Any:
        yield action()

    return _managed(manager)


def context_manager_body(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.contextmanager
    def manager() -> Any:
        try:
            yield
        finally:
            pass

    def drive(action: Action) -> Any:
        with manager():
            return action()

    return drive


def suppressing_context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.contextmanager
    def manager(caught: list[BaseException]) -> Any:
        try:
            yield
        except BaseException as error:
            caught.append(error)

    def drive(action: Action) -> Any:
        caught: list[BaseException] = []
        value = None
        with manager(caught):
            value = action()
        for error in caught:
            raise error
        return value

    return drive


def async_context_manager(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @contextlib.asynccontextmanager
    async def manager(action: Action) -> Any:
        yield action()

    async def drive(action: Action) -> Any:
        async with manager(action) as value:
            return value

    return lambda action: finish(drive(action))


def async_context_manager_body(decorate: Decorate) -> Callable[[Action], Any]:
    @contextlib.asynccontextmanager
    @decorate
    async def manager() -> Any:
        yield

    async def drive(action: Action) -> Any:
        async with manager():
            return action()

    return lambda action: finish(drive(action))


def method(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        def method(self, action: Action) -> Any:
            return action()

    return Class().method


def method_of_a_hostile_object(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        def method(self, action: Action) -> Any:
            return action()

        def __getattr__(self, name: str) -> Any:
            raise Nasty(name)

        __repr__ = __bool__ = __len__ = __str__ = __dir__ = __getattr__  # type: ignore[assignment]

    hostile_object = Class()
    return lambda action: Class.method(hostile_object, action)


def class_method(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        @classmethod
        def method(cls, action: Action) -> Any:
            return action()

    return Class().method


def decorated_below_classmethod(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @classmethod
        @decorate
        def method(cls, action: Action) -> Any:
            return action()

    return Class.method


def static_method(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        @decorate
        @staticmethod
        def method(action: Action) -> Any:
            return action()

    return Class().method


def callable_object(decorate: Decorate) -> Callable[[Action], Any]:
    class Class:
        def __call__(self, action: Action) -> Any:
            return action()

    decorated: Callable[[Action], Any] = decorate(Class())
    return decorated


def callable_object_in_a_class(decorate: Decorate) -> Callable[[Action], Any]:
    class Callable_:
        def __call__(self, action: Action) -> Any:
            return action()

    class Class:
        method = decorate(Callable_())

    return Class().method


def partial(decorate: Decorate) -> Callable[[Action], Any]:
    def function(first: int, action: Action, *, last: int) -> Any:
        assert (first, last) == (1, 3)
        return action()

    decorated: Callable[[Action], Any] = decorate(functools.partial(function, 1, last=3))
    return decorated


def cached(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @functools.lru_cache
    def function(action: Action) -> Any:
        return action()

    return function


def twice(decorate: Decorate) -> Callable[[Action], Any]:
    @decorate
    @decorate
    def function(action: Action) -> Any:
        return action()

    return function


KINDS: list[Kind] = [
    function,
    coroutine_function,
    generator_item,
    generator_result,
    generator_sent,
    async_generator_item,
    async_generator_sent,
    context_manager,
    decorated_generator_as_context_manager,
    context_manager_body,
    suppressing_context_manager,
    async_context_manager,
    async_context_manager_body,
    method,
    method_of_a_hostile_object,
    class_method,
    decorated_below_classmethod,
    static_method,
    callable_object,
    callable_object_in_a_class,
    partial,
    cached,
    twice,
]
KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def plain(callable_: Any) -> Any:
    return callable_


def decorators() -> dict[str, Decorate]:
    """Every way to decorate; each is made anew, for it may depend on the surroundings."""
    tracer = Tracer(service="shop")
    return {
        "capture_method": tracer.capture_method,
        "capture_method()": tracer.capture_method(),
        "capture_method(nothing)": tracer.capture_method(capture_response=False, capture_error=False),
        "recorder.capture": xray_recorder.capture("step"),
        "in_subsegment": xray_recorder.in_subsegment(),
        "handler above": lambda callable_: (
            tracer.capture_lambda_handler(callable_)
            if isinstance(callable_, types.FunctionType) and not callable_.__code__.co_flags & 0x2A0
            else tracer.capture_method(callable_)
        ),
    }


# --- The surroundings ------------------------------------------------------------------------------------------


class FullEmitter(UDPEmitter):
    """An emitter whose socket is full: the kernel takes no more than a few datagrams, and nobody reads them."""

    def __del__(self) -> None:
        self.reset()
        self.peer.close()

    def _open(self) -> None:
        self._socket, self.peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_608)
        self._socket.setblocking(False)
        self._pid = os.getpid()
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.send(b"x")


def _environment(**variables: str) -> Callable[[pytest.MonkeyPatch], None]:
    def surround(monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return surround


def _closed_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        port = udp.getsockname()[1]
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{port}")


def _full_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    xray_recorder.configure(emitter=FullEmitter())


def _broken_emitter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def send(self, document: str) -> None:
            raise OSError("it breaks")

    xray_recorder.configure(emitter=Broken())


def _plain_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))


def _no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.chdir(folder)
    monkeypatch.setattr(monkeypatch, "_cwd", str(before))


def _no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")


def _switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    global_sdk_config.set_sdk_enabled(False)


ROOT = "1-5759e988-bd862e3fe1be46a994272793"
SURROUNDINGS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "daemon": lambda monkeypatch: None,
    "no daemon": _closed_port,
    "full socket": _full_socket,
    "broken emitter": _broken_emitter,
    "unreadable address": _environment(AWS_XRAY_DAEMON_ADDRESS="nowhere at all"),
    "empty address": _environment(AWS_XRAY_DAEMON_ADDRESS=""),
    "host that no name can have": _environment(AWS_XRAY_DAEMON_ADDRESS="a..b:2000"),
    "host of a thousand letters": _environment(AWS_XRAY_DAEMON_ADDRESS=f"{'x' * 1_000}:2000"),
    "unreachable address": _environment(AWS_XRAY_DAEMON_ADDRESS="255.255.255.255:2000"),
    "port of 5,000 digits": _environment(AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{'1' * 5_000}"),
    "plain dict for os.environ": _plain_environ,
    "no working directory": _no_directory,
    "no header": _no_header,
    "garbage header": _environment(_X_AMZN_TRACE_ID=";;=;Root;Root=\udcff;Sampled=1;Parent=é"),
    "header without parent": _environment(_X_AMZN_TRACE_ID=f"Root={ROOT};Sampled=1"),
    "unsampled": _environment(_X_AMZN_TRACE_ID=f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0"),
    "disabled": _environment(POWERTOOLS_TRACE_DISABLED="true"),
    "switched off": _switched_off,
}

SECRET = hostile.SECRET
A_FEW_VALUES = ("cycle", "NaN", "__class__ raises Nasty", "__getattribute__ raises KeyboardInterrupt", "mock")
A_FEW_EXCEPTIONS = ("ordinary", "lonely", "opaque", "odd class", "refuses attributes", "falsy", "SystemExit")


class Records(logging.Handler):
    """Every record of the tracer's, formatted as the runtime's handler would, where that is possible."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []
        self.unprintable: list[str] = []
        self.errors: list[str] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        try:
            self.text += self.format(record) + "\n"
        except BaseException as error:
            self.unprintable.append(f"{record.msg}: {type(error).__name__}")
        if record.exc_info and record.exc_info[1] is not None:
            self.errors.append(told_of_ours(record.exc_info[1]))
            # The record must not keep in a list what the tests of memory look for.
            record.exc_info = None


def told_of_ours(error: BaseException) -> str:
    traceback, lines = error.__traceback__, []
    while traceback is not None:
        lines.append(f"{Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return f"{type(error).__name__} through {' '.join(lines)}"


@pytest.fixture
def log() -> Iterator[Records]:
    """What the tracer logs, instead of showing it to pytest, which would look at the users' exceptions."""
    handler = Records()
    logger = logging.getLogger("lambda_tracer")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)
    logger.propagate = True


@pytest.fixture
def quiet(log: Records) -> Iterator[Records]:
    """However much goes wrong, one record of a kind is at WARNING and none is worse. None of it is our fault.

    As in production the guard keeps errors of ours to itself; they are counted, and here there may be none.
    """
    guard.reraise = False
    yield log
    loud = [record.msg for record in log.records if record.levelno >= logging.WARNING]
    assert len(loud) == len(set(loud)), loud
    assert all(record.levelno <= logging.WARNING for record in log.records)
    assert log.unprintable == []
    assert SECRET not in log.text
    assert log.errors == []
    assert guard.failures == 0


def check_value(kind: Kind, decorate: Decorate, recipe: Callable[[], Any]) -> None:
    value = recipe()

    plainly = outcome(kind(plain), lambda: value)
    traced = outcome(kind(decorate), lambda: value)

    # Texts only: pytest would look at the values to show them.
    assert told(plainly) == "returned"
    assert told(traced) == "returned"
    is_same = traced.value is value
    assert is_same


def check_exception(kind: Kind, decorate: Decorate, recipe: Callable[[], BaseException]) -> None:
    def run(decorate: Decorate) -> tuple[str, bool, bool]:
        error = recipe()
        before = about(error)

        def fail() -> Any:
            raise error

        came = outcome(kind(decorate), fail)
        return told(came), came.error is error, about(error) == before

    plainly, traced = run(plain), run(decorate)

    assert traced == plainly


# A socket that is closed while one of these exceptions is being handled would make pytest show the exception, and that
# ends pytest. Whether sockets are closed has a test of its own.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@KIND
def test_decorated_calls_end_as_plain_ones_in_every_surrounding(
    kind: Kind, surrounding: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, quiet: Records
) -> None:
    SURROUNDINGS[surrounding](monkeypatch)
    for decorate in decorators().values():
        for name in A_FEW_VALUES:
            check_value(kind, decorate, RECIPES[name])
        for name in A_FEW_EXCEPTIONS:
            check_exception(kind, decorate, EXCEPTIONS[name])
    daemon.documents()
    if surrounding == "broken emitter":
        assert "the emitter raised" in quiet.text


@pytest.mark.parametrize("name", RECIPES)
def test_any_value_comes_back_as_the_object_it_is(name: str, daemon: Daemon, quiet: Records) -> None:
    hostile.overruns.clear()
    tracer = Tracer()

    check_value(function, tracer.capture_method, RECIPES[name])

    (document,) = daemon.documents()
    kept = document.get("metadata", {}).get("", {"response": None})  # None is not recorded
    assert len(kept) == 1
    assert hostile.overruns == []


@pytest.mark.parametrize("name", EXCEPTIONS)
@pytest.mark.parametrize("capture_error", [True, False])
def test_any_exception_leaves_as_the_object_it_is(
    name: str, capture_error: bool, daemon: Daemon, quiet: Records
) -> None:
    tracer = Tracer()

    for kind in KINDS:
        check_exception(kind, tracer.capture_method(capture_error=capture_error), EXCEPTIONS[name])

    assert all(subsegment["fault"] for subsegment in daemon.subsegments() if "cause" in subsegment)
    assert len(daemon.subsegments()) > len(KINDS)


@pytest.mark.parametrize("name", CONSUMABLE)
@pytest.mark.parametrize(
    "way", ["returned", "in a dict", "in metadata", "annotation", "argument", "in exception"]
)
def test_what_can_be_used_up_is_not(name: str, way: str, daemon: Daemon, quiet: Records) -> None:
    make, take_rest = CONSUMABLE[name]
    tracer = Tracer()
    expected = take_rest(make())
    value = make()

    @tracer.capture_method
    def use(argument: Any) -> Any:
        if way == "in metadata":
            tracer.put_metadata("value", [value, {"deeper": value}])
        elif way == "annotation":
            tracer.put_annotation("value", value)
        elif way == "in exception":
            raise ValueError(value)
        return {"returned": value, "in a dict": {"a": [value]}}.get(way)

    with contextlib.suppress(ValueError):
        use(value if way == "argument" else None)
    rest = take_rest(value)

    assert rest == expected
    daemon.documents()


@pytest.mark.parametrize("surrounding", ["unreachable address", "host of a thousand letters", "no daemon"])
def test_no_socket_is_left_open_by_an_address_that_does_not_work(
    surrounding: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    SURROUNDINGS[surrounding](monkeypatch)
    guard.reraise = False

    @Tracer().capture_method
    def traced() -> None:
        pass

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(5):
            traced()
            gc.collect()

    assert [str(warning.message) for warning in warned] == []


# --- Compound values, found by hypothesis ------------------------------------------------------------------------

_HEAVY = (
    "10 MB",
    "100,000",
    "million",
    "10,000",
    "chain of",
    "changed by",
    "2^18",
    "endless",
    "proxy of an endless",
)
_LEAVES = st.sampled_from(sorted(name for name in RECIPES if not name.startswith(_HEAVY)))
# A recipe is a name or (how to wrap it, recipes): failing examples show it, never the values themselves.
_COMPOUND = st.recursive(
    _LEAVES,
    lambda inner: st.tuples(
        st.sampled_from(["list", "dict", "tuple", "record", "object", "exception", "values"]),
        st.lists(inner, max_size=4).map(tuple),
    ),
    max_leaves=8,
)


def build(recipe: Any) -> Any:
    if isinstance(recipe, str):
        return RECIPES[recipe]()
    how, parts = recipe[0], [build(part) for part in recipe[1]]
    if how == "dict":
        return {f"key {number}": part for number, part in enumerate(parts)}
    if how == "object":
        return types.SimpleNamespace(**{f"a{number}": part for number, part in enumerate(parts)})
    make: dict[str, Callable[[], Any]] = {
        "list": lambda: parts,
        "tuple": lambda: tuple(parts),
        "record": lambda: hostile.Record(parts),
        "exception": lambda: ValueError(*parts),
        "values": lambda: dict(enumerate(parts)).values(),
    }
    return make[how]()


anything = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@anything
@given(recipe=_COMPOUND, kind=st.sampled_from(KINDS), decorator=st.sampled_from(sorted(range(6))))
def test_compound_values_come_back_as_they_are(
    recipe: Any, kind: Kind, decorator: int, daemon: Daemon
) -> None:
    check_value(kind, list(decorators().values())[decorator], lambda: build(recipe))
    daemon.documents()


@anything
@given(
    key=_COMPOUND | st.text(max_size=3),
    value=_COMPOUND | st.text(),
    namespace=_COMPOUND | st.text(max_size=3),
    name=_COMPOUND | st.text(),
)
def test_describing_a_subsegment_never_raises(
    key: Any, value: Any, namespace: Any, name: Any, daemon: Daemon
) -> None:
    tracer = Tracer()
    key, value, namespace, name = (
        build(part) if isinstance(part, tuple) or part in RECIPES else part
        for part in (key, value, namespace, name)
    )

    with xray_recorder.in_subsegment(name, namespace=namespace) as subsegment:
        tracer.put_annotation(key, value)
        tracer.put_annotation("key", value)
        tracer.put_metadata(key, value, namespace)
        tracer.put_metadata("key", value)
        subsegment.put_http_meta(key, value)
        for known in (
            "url",
            "method",
            "user_agent",
            "client_ip",
            "x_forwarded_for",
            "status",
            "content_length",
        ):
            subsegment.put_http_meta(known, value)
        subsegment.apply_status_code(value)
        subsegment.set_aws({"operation": value, "extra": value})
        subsegment.set_sql({"sanitized_query": value, "user": value})
        subsegment.add_exception(ValueError("x"), stack=[("path", 1, "label", None)])

    assert len(daemon.documents()) >= 1
    daemon.clear()


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), 10**5_000, float("nan"), float("inf"), 2**63],
    ids=["10**400", "-10**400", "10**5000", "nan", "inf", "2**63"],
)
def test_a_number_that_x_ray_cannot_hold_is_sent_as_something_it_can(value: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("numbers") as subsegment:
        subsegment.put_annotation("number", value)
        subsegment.put_http_meta("status", value)
        subsegment.put_http_meta("content_length", value)
        subsegment.put_metadata("number", value)

    assert daemon.subsegment("numbers")["annotations"]["number"] is not None


# --- The environment, found by hypothesis --------------------------------------------------------------------------

_HEX = st.text("0123456789abcdefABCDEF", max_size=26)
_HEADER_PART = st.one_of(
    st.builds("Root=1-{}-{}".format, _HEX, _HEX),
    st.just(f"Root={ROOT}"),
    st.builds("Parent={}".format, _HEX),
    st.just("Parent=53995c3f42cd8ad8"),
    st.sampled_from(
        ["Sampled=1", "Sampled=0", "Sampled=?", "Sampled=", "Sampled=2", "Sampled", "Self=1-2-3"]
    ),
    st.sampled_from(["Lineage=a:1|b:2", "=", "", " ", "==", "Root=", "Root=1-5759e988-\u0661\u0662"]),
    st.text(max_size=20),
)
_HEADERS = st.lists(_HEADER_PART, max_size=6).map(";".join) | st.text()


def fits_environment(text: str) -> bool:
    """Whether an environment variable can hold it: no NUL, and no surrogate but those that stand for a byte."""
    return all(
        char != "\0" and (not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff") for char in text
    )


@anything
@given(header=_HEADERS.filter(fits_environment))
@example(header=f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")
def test_any_header_records_well_or_not_at_all(
    header: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    for decorate in decorators().values():
        check_value(function, decorate, object)
        check_exception(function, decorate, EXCEPTIONS["ordinary"])
    xray_recorder.trace_header()
    daemon.documents()
    daemon.clear()


@anything
@given(
    address=st.one_of(
        st.text(max_size=30),
        st.builds(
            "{}{}:{}".format,
            st.sampled_from(["", "udp:", "tcp:127.0.0.1:1 udp:", "udp:udp:"]),
            # No names that a resolver would be asked for.
            st.sampled_from(["127.0.0.1", "", "[::1]", "::1", "[", "0", "1.2.3.4.5..", "é", "\u2024", "-"]),
            st.sampled_from(["0", "1", "65535", "65536", "-1", "", "\u0661", "1" * 5_000, "0x1", "2000:1"]),
        ),
    ).filter(fits_environment)
)
def test_any_daemon_address_is_sent_to_or_reported(
    address: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    xray_recorder.emitter.reset()

    check_value(function, Tracer().capture_method, object)
    ip, port = xray_recorder.emitter.ip, xray_recorder.emitter.port

    assert (ip is None) == (port is None)
    assert port is None or 0 < port < 65_536
    daemon.clear()


# --- Nothing is kept alive -------------------------------------------------------------------------------------------


class Thing:
    """Something whose end can be seen."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Objects end when the last reference does, or not at all."""
    gc.disable()
    yield
    gc.enable()


def released(kind: Kind, decorate: Decorate, fails: bool) -> list[str]:
    """What of a call is still alive when its caller has forgotten it."""
    things: dict[str, weakref.ref[Thing]] = {}

    def action() -> Any:
        thing, local = Thing(), Thing()
        things.update(value=weakref.ref(thing), local=weakref.ref(local))
        if fails:
            raise ValueError(thing)
        return thing

    drive = kind(decorate)
    outcome(drive, action)
    gone = weakref.ref(action)
    del action
    return [name for name, thing in things.items() if thing() is not None] + ["argument"] * (
        gone() is not None
    )


@KIND
@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
@pytest.mark.parametrize("inside", [False, True], ids=["outermost", "under the handler"])
def test_nothing_of_a_call_is_kept_alive(
    kind: Kind, fails: bool, inside: bool, daemon: Daemon, no_collector: None
) -> None:
    expected = released(kind, plain, fails)
    with xray_recorder.in_subsegment("handler") if inside else contextlib.nullcontext():
        for name, decorate in decorators().items():
            assert (name, released(kind, decorate, fails)) == (name, expected)
    daemon.documents()


def test_a_context_copied_during_a_call_does_not_keep_its_values_alive(
    daemon: Daemon, no_collector: None
) -> None:
    import contextvars

    contexts = []
    things: list[weakref.ref[Thing]] = []

    @Tracer().capture_method
    def spawn(fails: bool) -> Any:
        contexts.append(contextvars.copy_context())  # as a thread or a task that outlives the call would
        thing = Thing()
        things.append(weakref.ref(thing))
        if fails:
            raise ValueError(thing)
        return thing

    spawn(False)
    with contextlib.suppress(ValueError):
        spawn(True)

    assert [thing() for thing in things] == [None, None]
    daemon.documents()


def test_a_suspended_generator_does_not_hold_what_it_yielded(daemon: Daemon, no_collector: None) -> None:
    def items(decorate: Decorate) -> bool:
        @decorate
        def function() -> Any:
            yield Thing()
            yield

        generator = function()
        thing = weakref.ref(next(generator))
        is_gone = thing() is None
        generator.close()
        return is_gone

    assert items(plain)
    assert items(Tracer().capture_method)
    daemon.documents()


def test_a_suspended_asynchronous_generator_does_not_hold_what_it_yielded(
    daemon: Daemon, no_collector: None
) -> None:
    async def items(decorate: Decorate) -> bool:
        @decorate
        async def function() -> Any:
            yield Thing()
            yield

        generator = function()
        thing = weakref.ref(await generator.__anext__())
        is_gone = thing() is None
        await generator.aclose()
        return is_gone

    assert finish(items(plain))
    assert finish(items(Tracer().capture_method))
    daemon.documents()


# --- Odd callables and odd moments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ["Mock", "MagicMock", "AsyncMock"])
def test_mocks_are_called_as_ever(make: str, daemon: Daemon) -> None:
    from unittest import mock

    traced = Tracer().capture_method(getattr(mock, make)(return_value=7))

    result = traced(1)

    assert (finish(result) if make == "AsyncMock" else result) == 7
    daemon.documents()


@pytest.mark.parametrize(
    "name", ["__getattr__", "__getattribute__", "__bool__", "__eq__", "__hash__", "__class__"]
)
def test_a_callable_object_that_raises_when_looked_at_can_be_decorated(name: str, daemon: Daemon) -> None:
    kind = hostile.raising(name, ValueError)
    setattr(kind, "__call__", lambda self, argument: argument)  # noqa: B010, mypy knows no such assignment

    traced = Tracer().capture_method(kind())

    assert traced(7) == 7
    daemon.documents()


def test_endless_recursion_ends_as_it_would_and_the_trace_is_whole(daemon: Daemon) -> None:
    guard.reraise = False  # the tracer's own work meets the limit too; that must not show
    tracer = Tracer()

    @tracer.capture_method
    def recurse(depth: int) -> int:
        return recurse(depth + 1)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        with contextlib.suppress(RecursionError):
            recurse(0)
        return "survived"

    assert handler({}, None) == "survived"
    assert all(not subsegment["in_progress"] for subsegment in daemon.subsegments())


def test_a_handler_that_is_a_generator_may_end_in_another_context(daemon: Daemon) -> None:
    import contextvars

    @Tracer().capture_lambda_handler
    def handler(event: Any, context: Any) -> Any:
        yield 1
        yield 2

    generator = handler({}, None)

    assert contextvars.copy_context().run(next, generator) == 1
    assert contextvars.copy_context().run(list, generator) == [2]
    daemon.documents()


def test_a_value_that_another_thread_changes_meanwhile_does_no_harm(daemon: Daemon) -> None:
    shared: dict[Any, Any] = {"list": list(range(50)), "dict": {}}
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            shared["dict"][number % 1_000] = object() if number % 3 else "text"
            shared["list"].append(number)
            if number % 50 == 0:
                shared["list"].clear()
                shared["dict"].clear()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            check_value(function, Tracer().capture_method, lambda: shared)
    finally:
        stop.set()
        thread.join()

    assert len(daemon.documents()) == 100
