"""`Tracer(log_ids=...)`: log records name the trace and the subsegment that they belong to, and nobody is harmed."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import io
import json
import logging
import os
import pickle
import queue
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any

import pytest
import structlog
from aws_lambda_powertools import Logger
from awslambdaric.lambda_runtime_log_utils import JsonFormatter

from lambda_tracer import Tracer, log_ids, unpatch_all, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.functions.running import running

FORMAT = "%(xray_trace_id)s %(span_id)s %(message)s"


class Records(logging.Handler):
    """A log that keeps its records."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append(record)

    @property
    def names(self) -> dict[str, Any]:
        """Of each message the id of the subsegment that it names."""
        return {record.getMessage(): record.span_id for record in self.all}


@pytest.fixture
def records() -> Iterator[Records]:
    handler = Records()
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


log = logging.getLogger("tests.log_ids.app")
log.setLevel(logging.DEBUG)


@pytest.fixture
def tracer(daemon: Daemon) -> Tracer:
    return Tracer(service="s", auto_patch=False, log_ids=True)


def header() -> dict[str, str]:
    return dict(part.split("=", 1) for part in os.environ["_X_AMZN_TRACE_ID"].split(";"))


# Which subsegment


def test_a_line_names_the_captured_call_in_which_it_was_written(
    tracer: Tracer, daemon: Daemon, records: Records
) -> None:
    """Of each kind; and after it, the one around it."""

    @tracer.capture_method
    def function() -> None:
        log.info("function")

    @tracer.capture_method
    async def coroutine() -> None:
        log.info("coroutine")
        await asyncio.sleep(0)
        log.info("coroutine, resumed")

    @tracer.capture_method
    def generator() -> Iterator[int]:
        log.info("generator")
        yield 1
        log.info("generator, resumed")

    @tracer.capture_method
    async def async_generator() -> AsyncIterator[int]:
        log.info("async_generator")
        yield 1
        log.info("async_generator, resumed")

    @tracer.capture_method
    @contextlib.contextmanager
    def manager() -> Iterator[None]:
        log.info("manager")
        yield
        log.info("manager, left")

    async def all_of_asyncio() -> None:
        await asyncio.gather(coroutine(), coroutine())
        async for _ in async_generator():
            log.info("handler, while async_generator waits")

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        log.info("handler")
        function()
        log.info("handler, after function")
        asyncio.run(all_of_asyncio())
        for _ in generator():
            log.info("handler, while generator waits")
        with manager():
            log.info("manager, in its block")
        with tracer.provider.in_subsegment("block"):
            log.info("block")
        log.info("handler, at last")

    log.info("segment")
    handler({}, None)

    names = {each["id"]: each["name"].rpartition(".")[2] for each in daemon.subsegments()}
    names |= {header()["Parent"]: "segment"}
    wrong = {
        record.getMessage(): names.get(record.span_id)
        for record in records.all
        if names.get(record.span_id, "none").removeprefix("## ") != record.getMessage().partition(",")[0]
    }
    assert (len(records.all), wrong) == (19, {})
    assert {record.xray_trace_id for record in records.all} == {header()["Root"]}


def test_a_line_of_a_thread_names_what_started_it(daemon: Daemon, invoke: Invoke, records: Records) -> None:
    """Also when the next invocation has begun. A thread that nobody carried is in the segment of whichever runs."""
    tracer = Tracer(service="s", patch_modules=["threads"], log_ids=True)
    go_on = threading.Event()

    def late() -> None:
        go_on.wait(10)
        log.info("late")

    def uncarried() -> None:
        log.info("uncarried")

    try:
        first = header()
        with xray_recorder.in_subsegment("work"), ThreadPoolExecutor(1) as pool:
            pool.submit(log.info, "pooled").result()
            thread = threading.Thread(target=late)
            thread.start()
    finally:
        unpatch_all()
    second = invoke()
    with tracer.provider.in_subsegment("next"):
        bare = threading.Thread(target=uncarried)
        bare.start()
        bare.join()
        go_on.set()
        thread.join()

    work = daemon.subsegment("work")["id"]
    assert records.names == {"pooled": work, "late": first["Parent"], "uncarried": second.parent}
    assert [record.xray_trace_id for record in records.all] == [first["Root"], second.root, first["Root"]]


def test_where_nothing_is_recorded_a_line_names_what_the_header_says(
    tracer: Tracer, invoke: Invoke, records: Records
) -> None:
    unsampled = invoke(sampled=0)

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        log.info("unsampled")

    log.info("before anything is traced")
    handler({}, None)

    assert {(record.xray_trace_id, record.span_id) for record in records.all} == {
        (unsampled.root, unsampled.parent)
    }


def test_where_calls_are_kept_a_line_names_what_would_be_written(
    daemon: Daemon, invoke: Invoke, records: Records, capfd: pytest.CaptureFixture[str]
) -> None:
    unsampled = invoke(sampled=0)
    tracer = Tracer(service="s", auto_patch=False, keep="errors", log_ids=True)

    @tracer.capture_method
    def fails() -> None:
        log.info("here")
        raise ValueError("no")

    log.info("outside")
    with pytest.raises(ValueError, match="no"):
        tracer.capture_lambda_handler(lambda event, context: fails())({}, None)

    (handler,) = json.loads(capfd.readouterr().out)["segments"]
    assert records.names == {"outside": unsampled.parent, "here": handler["subsegments"][0]["id"]}


def test_below_one_that_is_not_sampled_a_line_names_the_nearest_that_is(
    tracer: Tracer, daemon: Daemon, records: Records
) -> None:
    with xray_recorder.in_subsegment("recorded"):
        xray_recorder.begin_subsegment_without_sampling("not recorded")
        log.info("below")
        xray_recorder.end_subsegment()

    assert records.names == {"below": daemon.subsegment("recorded")["id"]}


@pytest.mark.parametrize(
    ("raw", "trace_id", "span_id"),
    [
        (None, None, None),
        ("", None, None),
        ("Root=1-5759e988-bd862e3fe1be46a994272793", "1-5759e988-bd862e3fe1be46a994272793", None),
        ("Root=\x1b[31m;Parent=\x00;Sampled=0", None, None),
        ("nonsense", None, None),
    ],
)
def test_what_is_not_known_is_none_and_any_format_works(
    raw: str | None,
    trace_id: str | None,
    span_id: str | None,
    tracer: Tracer,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    if raw is not None:
        monkeypatch.setitem(os.environ._data, b"_X_AMZN_TRACE_ID", raw.encode())  # type: ignore[attr-defined]
    log.info("m")

    (record,) = records.all
    assert (record.xray_trace_id, record.span_id) == (trace_id, span_id)
    assert logging.Formatter(FORMAT).format(record) == f"{trace_id} {span_id} m"


def test_a_log_line_begins_no_invocation(tracer: Tracer, daemon: Daemon, invoke: Invoke) -> None:
    """What was left open would be sent as in progress."""
    xray_recorder.begin_subsegment("left open")
    invoke()
    log.info("between the header and the handler")

    assert daemon.datagrams() == []
    xray_recorder.begin_subsegment("next")
    xray_recorder.end_subsegment()
    daemon.expect_tree("""
        left open  in progress
        next
    """)


def test_a_finalizer_that_logs_in_a_garbage_collection_names_what_is_current(
    tracer: Tracer, daemon: Daemon, records: Records
) -> None:
    class Circle:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            log.info("finalized")

    with xray_recorder.in_subsegment("collecting"):
        Circle()
        gc.collect()

    assert records.names == {"finalized": daemon.subsegment("collecting")["id"]}


# The user's own names, factories and loggers


class OwnMaker(logging.Logger):
    """Makes records by itself, and looks at `extra` as logging does."""

    def makeRecord(self, name: str, level: int, fn: str, lno: int, *args: Any, **kwargs: Any) -> Any:
        message, arguments, exc_info, func, extra = (*args, *(None,) * 3)[:5]
        made = logging.getLogRecordFactory()(name, level, fn, lno, message, arguments, exc_info, func)
        return _with_extra(made, extra)


class LaterMaker(logging.Logger):
    """Lets logging make the record without `extra`, and adds that afterwards."""

    def makeRecord(self, *args: Any, **kwargs: Any) -> Any:
        make: Any = super().makeRecord
        return _with_extra(make(*args[:8], None, *args[9:], **kwargs), args[8])


def _with_extra(record: logging.LogRecord, extra: dict[str, object] | None) -> logging.LogRecord:
    for key in extra or {}:
        if key in record.__dict__:
            raise KeyError(f"Attempt to overwrite {key!r} in LogRecord")
        record.__dict__[key] = (extra or {})[key]
    return record


@pytest.mark.parametrize("kind", [logging.Logger, OwnMaker, LaterMaker])
@pytest.mark.parametrize("name", ["span_id", "xray_trace_id", "trace_id"])
@pytest.mark.parametrize("others", [0, 20])
def test_a_name_that_is_given_by_extra_is_the_users(
    kind: type[logging.Logger], name: str, others: int, daemon: Daemon, records: Records
) -> None:
    """logging raises KeyError for a name that a factory has put on the record before."""
    Tracer(service="s", auto_patch=False, log_ids="w3c")
    with _factories_around(others):
        logger = kind("app", logging.DEBUG)
        logger.addHandler(records)
        logger.info("plain", extra={name: "the user's"})
        logging.LoggerAdapter(logger, {name: "the adapter's"}).warning("adapted")
        try:
            raise ValueError
        except ValueError:
            logger.exception("failed", extra={name: "the user's", "other": 1})
        logger.info("without")

    ours = {"span_id": header()["Parent"], "xray_trace_id": header()["Root"]}
    ours["trace_id"] = ours["xray_trace_id"][2:].replace("-", "")
    values = [{key: getattr(record, key) for key in ours} for record in records.all]
    given = ["the user's", "the adapter's", "the user's", ours[name]]
    assert values == [{**ours, name: value} for value in given]


@contextlib.contextmanager
def _factories_around(count: int) -> Iterator[None]:
    """Factories as others set them: each calls the one that it found."""
    found = logging.getLogRecordFactory()

    def around(before: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
        def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = before(*args, **kwargs)
            record.otelTraceID = "0"
            return record

        return factory

    for _ in range(count):
        logging.setLogRecordFactory(around(logging.getLogRecordFactory()))
    yield
    logging.setLogRecordFactory(found)


def test_what_an_earlier_factory_puts_on_a_record_stays(
    daemon: Daemon, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(logging.LogRecord):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.span_id = "its own"
            self.xray_trace_id: object

    logging.setLogRecordFactory(Own)
    try:
        Tracer(service="s", auto_patch=False, log_ids=True)
        log.info("m")
        Tracer(log_ids=False)
        assert logging.getLogRecordFactory() is Own
    finally:
        logging.setLogRecordFactory(logging.LogRecord)

    (record,) = records.all
    assert type(record) is Own
    assert (record.span_id, record.xray_trace_id) == ("its own", header()["Root"])


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record))])
def test_a_record_takes_its_names_along(
    how: Callable[[Any], Any], tracer: Tracer, records: Records, invoke: Invoke
) -> None:
    log.info("m")
    was = header()
    invoke()

    (record,) = records.all
    taken = [how(record), logging.makeLogRecord(record.__dict__)]
    assert {(each.xray_trace_id, each.span_id) for each in taken} == {(was["Root"], was["Parent"])}
    assert type(record) is logging.LogRecord
    assert type(record.__dict__) is dict


def test_a_line_that_is_written_by_a_listener_names_where_it_was_logged(
    tracer: Tracer, daemon: Daemon
) -> None:
    lines: queue.Queue[Any] = queue.Queue()
    handler = QueueHandler(lines)
    handler.setFormatter(logging.Formatter(FORMAT))
    log.addHandler(handler)
    try:
        with xray_recorder.in_subsegment("work"):
            log.info("m")
    finally:
        log.removeHandler(handler)

    assert lines.get().getMessage() == f"{header()['Root']} {daemon.subsegment('work')['id']} m"


# On and off


def test_without_it_nothing_is_installed(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    before = logging.getLogRecordFactory()
    Tracer(service="s", auto_patch=False)
    assert logging.getLogRecordFactory() is before
    Tracer(service="s", disabled=True, log_ids=True)
    assert logging.getLogRecordFactory() is before
    Tracer._reset_config()
    monkeypatch.delenv("LAMBDA_TASK_ROOT")
    Tracer(service="s", log_ids=True)
    assert logging.getLogRecordFactory() is before


@pytest.mark.parametrize(
    ("text", "expected"), [("w3c", "w3c"), (" W3C ", "w3c"), ("true", True), ("false", False), ("off", False)]
)
def test_text_in_code_means_what_it_means_in_the_environment(
    text: Any, expected: bool | str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    Tracer(service="s", auto_patch=False, log_ids=text)
    by_code = log_ids.form()
    Tracer._reset_config()
    monkeypatch.setenv("LAMBDA_TRACER_LOG_IDS", text)
    Tracer(service="s", auto_patch=False)

    assert (by_code, log_ids.form()) == (expected, expected)


def test_later_tracers_take_it_over_and_any_of_them_may_end_it(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = logging.getLogRecordFactory()
    monkeypatch.setenv("LAMBDA_TRACER_LOG_IDS", "true")
    Tracer(service="s", auto_patch=False)
    ours = logging.getLogRecordFactory()
    assert ours is not before
    Tracer(service="s", auto_patch=False, log_ids="w3c")
    assert logging.getLogRecordFactory() is ours
    Tracer(service="s", auto_patch=False, log_ids=False)
    assert logging.getLogRecordFactory() is before
    Tracer(service="s", auto_patch=False)
    assert logging.getLogRecordFactory() is before


def test_where_others_have_put_theirs_around_it_ours_only_passes_on(tracer: Tracer, records: Records) -> None:
    with _factories_around(1):
        around = logging.getLogRecordFactory()
        Tracer(log_ids=False)
        assert logging.getLogRecordFactory() is around
        log.info("off")
        Tracer(log_ids=True)
        log.info("on again")

    off, on_again = records.all
    assert (hasattr(off, "span_id"), off.otelTraceID) == (False, "0")
    assert (on_again.span_id, on_again.otelTraceID) == (header()["Parent"], "0")


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("true", {"xray_trace_id", "span_id"}),
        ("W3C", {"xray_trace_id", "span_id", "trace_id"}),
        ("maybe", set()),
    ],
)
def test_the_variable_says_which_names(
    variable: str, names: set[str], daemon: Daemon, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_LOG_IDS", variable)
    Tracer(service="s", auto_patch=False)
    log.info("m")

    assert {"xray_trace_id", "span_id", "trace_id"} & set(vars(records.all[-1])) == names


# Who prints them


def powertools_line(**keys: Any) -> dict[str, Any]:
    stream = io.StringIO()
    logger = Logger(service=f"s{secrets.token_hex(4)}", stream=stream, **keys)
    logger.info("m", extra={"order": 7})
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_powertools_logger_prints_them_once_and_agrees(tracer: Tracer, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work"):
        line = powertools_line()
        own = powertools_line(span_id="its own", xray_trace_id=None)

    assert (line["message"], line["order"], line["xray_trace_id"]) == ("m", 7, header()["Root"])
    assert line["span_id"] == daemon.subsegment("work")["id"]
    assert "xray_trace_id" not in own


def test_powertools_logger_takes_the_names_as_keywords(tracer: Tracer) -> None:
    stream = io.StringIO()
    Logger(service=f"s{secrets.token_hex(4)}", stream=stream).info(
        "m", span_id="the user's", trace_id="its trace"
    )

    line = json.loads(stream.getvalue())
    assert (line["span_id"], line["trace_id"]) == ("the user's", "its trace")


def test_lambdas_json_formatter_prints_what_is_known(
    tracer: Tracer, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = header()
    log.info("in an invocation")
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    log.info("outside")

    inside, outside = (json.loads(JsonFormatter().format(record)) for record in records.all)
    assert (inside["xray_trace_id"], inside["span_id"]) == (known["Root"], known["Parent"])
    assert not {"xray_trace_id", "span_id"} & set(outside)


def test_a_processor_gives_them_to_structlog(tracer: Tracer, daemon: Daemon, invoke: Invoke) -> None:
    lines: list[dict[str, Any]] = []

    class Log:
        def msg(self, message: str) -> None:
            lines.append(json.loads(message))

        info = msg

    processors: list[Any] = [log_ids.add_log_ids, structlog.processors.JSONRenderer()]
    logger = structlog.wrap_logger(Log(), processors=processors)
    with xray_recorder.in_subsegment("work"):
        logger.info("m")
        logger.info("m", span_id="the user's")
    work = daemon.subsegment("work")["id"]
    root = header()["Root"]
    Tracer(log_ids="w3c")
    logger.info("m")
    invoke(root="", parent="", sampled=None)
    logger.info("m")

    assert lines == [
        {"event": "m", "xray_trace_id": root, "span_id": work},
        {"event": "m", "xray_trace_id": root, "span_id": "the user's"},
        {**lines[2], "trace_id": root[2:].replace("-", "")},
        {"event": "m"},
    ]


FUNCTION = """
    import logging
    from aws_lambda_powertools import Logger
    from lambda_tracer import Tracer

    tracer = Tracer(service="shop")
    log = logging.getLogger("shop")
    logger = Logger(service="shop")

    log.warning("nothing open")
    with tracer.provider.in_subsegment("load"):
        log.warning("loading")

    @tracer.capture_method
    def pay():
        log.warning("paid")
        logger.warning("told")

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        log.warning("called", extra={"span_id": "mine"})
        pay()
"""


def test_in_the_runtime_client_lambdas_json_logs_name_the_subsegment(daemon: Daemon, tmp_path: Path) -> None:
    """Also one from before the first invocation, which is part of that, though its trace is not known yet."""
    with running(
        daemon, tmp_path, FUNCTION, AWS_LAMBDA_LOG_FORMAT="JSON", LAMBDA_TRACER_LOG_IDS="w3c"
    ) as function:
        function()
        log_text = function.outcomes[0].log

    daemon.expect_tree("""
        Initialization code
          load
        ## lambda_handler
          ## app.pay
    """)
    lines = {line["message"]: line for line in map(json.loads, log_text.splitlines())}
    load, pay = (daemon.subsegment(name)["id"] for name in ("load", "## app.pay"))
    assert {message: line.get("span_id") for message, line in lines.items()} == {
        "nothing open": None,
        "loading": load,
        "called": "mine",
        "paid": pay,
        "told": pay,
    }
    root = daemon.subsegment("load")["trace_id"]
    assert [(line.get("xray_trace_id"), line.get("trace_id")) for line in lines.values()] == [
        *[(None, None)] * 2,
        *[(root, root[2:].replace("-", ""))] * 3,
    ]
