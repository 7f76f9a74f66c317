"""Segments that code makes itself: what they answer as objects, in Lambda and outside it."""

from __future__ import annotations

from typing import Any

from tests.compat.programs import run

OUTSIDE: dict[str, Any] = {"LAMBDA_TASK_ROOT": "", "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9"}

SEGMENT = """
import threading
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.async_context import AsyncContext
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
sent = []

class Emitter:
    def send_entity(self, entity):
        sent.append([entity.name, entity.parent_id == "53995c3f42cd8ad8", isinstance(entity, Subsegment)])

x.configure(service="svc", emitter=Emitter(), sampling=False, context=Context())
x._aws_metadata = {"a": 1}

def reads(tag):
    seg = x.begin_segment("own", traceid="1-67891233-" + "a" * 24, parent_id="b" * 16, sampling=1)
    note(f"{tag}: segment", lambda: [seg.name, seg.trace_id, seg.parent_id, seg.aws, seg.sampled, seg.in_progress])
    x.put_annotation("on", "segment")
    sub = x.begin_subsegment("sub")
    sub.put_metadata("m", 1)
    with x.in_subsegment("inner") as inner:
        inner.put_annotation("k", 1)
        note(f"{tag}: open", lambda: [
            x.current_segment() is seg, x.get_trace_entity() is inner, inner.parent_segment is seg, seg.ready_to_send(),
            x.context.get_trace_entity() is inner, x.current_subsegment() is inner, seg.ref_counter.get_current(),
        ])
        def elsewhere():
            x.set_trace_entity(inner)
            with x.in_subsegment("thread") as thread:
                return [thread.parent_segment is seg, x.current_segment() is seg]
        others = []
        other = threading.Thread(target=lambda: others.extend(elsewhere()))
        other.start()
        other.join()
        note(f"{tag}: in a thread", lambda: others)
    x.end_subsegment()
    note(f"{tag}: kept", lambda: [
        seg.subsegments == [sub], sub.subsegments == [inner], sub.metadata, seg.annotations, x.current_subsegment(),
        seg.ref_counter.get_current(), seg.get_total_subsegments_size(),
    ])
    x.end_segment(seg.start_time + 5)
    note(f"{tag}: ended", lambda: [seg.in_progress, seg.ready_to_send(), x.current_segment() is seg])
    document = json.loads(seg.serialize())
    below = document["subsegments"]
    note(f"{tag}: document", lambda: [
        document["annotations"], [each["name"] for each in below],
        below[0]["subsegments"][0]["subsegments"][0]["name"], round(document["end_time"] - seg.start_time),
    ])
    with x.in_segment("late") as late:
        opened = x.begin_subsegment("outlives")
    note(f"{tag}: outlived", lambda: [x.current_segment() is late, x.end_subsegment(), x.current_segment() is late])
"""

ANSWERS = {
    "segment": ["own", "1-67891233-" + "a" * 24, "b" * 16, {"a": 1}, True, True],
    "open": [True, True, True, False, True, True, 2],
    "in a thread": [True, True],
    "kept": [True, True, {"default": {"m": 1}}, {"on": "segment"}, None, 0, 3],
    "ended": [False, True, False],
    "document": [{"on": "segment"}, ["sub"], "thread", 5],
    "outlived": [True, None, False],
}


UNSAMPLED = """
os.environ.pop("_X_AMZN_TRACE_ID")
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.models.entity import Entity
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
x.configure(service="svc", context=Context(), context_missing="IGNORE_ERROR")

dummy = x.begin_segment("dummy", sampling=0)
begun = x.begin_subsegment("a")
with x.in_subsegment("b") as block:
    note("open", lambda: [x.current_subsegment() is block, block.name, begun.name, begun.sampled])
note("outside the block", lambda: x.current_subsegment() is begun)
x.end_subsegment()
note("ended", lambda: [x.current_subsegment(), x.current_segment() is dummy, x.end_segment(), x.current_segment()])
note("in progress", lambda: [begun.in_progress, dummy.in_progress][1:])

entity = Entity("n")
entity.put_annotation("a", 1)
entity.close(entity.start_time + 1)
note("entity", lambda: [entity.name, sorted(entity.to_dict()), isinstance(entity, (Segment, Subsegment))])

class Fixed(Context):
    def get_trace_entity(self):
        return below
segment = Segment("s")
below = Subsegment("below", "local", segment)
x.configure(context=Fixed())
x.context.put_segment(segment)
note("own context", lambda: [x.end_subsegment(), below.in_progress])
"""


def test_outside_lambda_an_unsampled_segment_an_entity_and_a_context_that_says_what_is_current() -> None:
    theirs, ours = (run(UNSAMPLED, compatible=which, **OUTSIDE).told for which in (False, True))

    assert ours == theirs
    assert ours["open"] == [True, "b", "a", False]
    assert ours["ended"] == [None, True, None, None]
    assert ours["own context"] == [None, False]


def test_a_segment_that_is_put_into_the_context_loses_nothing_and_one_without_a_segment_ends() -> None:
    ran = run(
        """
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.models.facade_segment import FacadeSegment
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
x.configure(context=Context())
x.context.put_segment(FacadeSegment("f", "a" * 16, "1-5759e988-" + "b" * 24, True))
with x.in_subsegment("kept") as kept:
    note("kept", lambda: [kept.name, kept.sampled])
above = Subsegment("above", "local", Segment("s"))
for name, segment in (("no segment", None), ("a subsegment", above)):
    note(name, lambda: Subsegment("n", "local", segment).close())
"""
    )

    assert ran.told == {"kept": ["kept", True], "no segment": None, "a subsegment": None}
    assert ran.log == []


def _of(tag: str, told: Any) -> dict[str, Any]:
    return {label.partition(": ")[2]: value for label, value in told.items() if label.startswith(f"{tag}: ")}


def test_in_lambda_a_segment_of_ones_own_answers_and_what_is_below_it_is_recorded_in_the_invocation() -> None:
    ran = run(SEGMENT + "reads('context')\nnote('sent', lambda: sent)\n")

    assert _of("context", ran.told) == ANSWERS
    assert ran.told["sent"] == [["sub", True, True], ["outlives", True, True]]
    assert ran.log == ["begin_segment: accepted, without effect: in Lambda the segment belongs to Lambda"]


def test_outside_lambda_a_segment_of_ones_own_answers_and_is_sent() -> None:
    ran = run(
        """
del os.environ["_X_AMZN_TRACE_ID"]
"""
        + SEGMENT
        + """
reads("context")

async def asynchronous():
    x.configure(context=AsyncContext())
    async def each(name):
        async with x.in_segment_async(name) as segment:
            await asyncio.sleep(0)
            async with x.in_subsegment_async("in " + name) as subsegment:
                await asyncio.sleep(0)
                return [x.current_segment() is segment, subsegment.parent_segment is segment, len(segment.subsegments)]
    return await asyncio.gather(each("a"), each("b"))

note("tasks", lambda: asyncio.run(asynchronous()))
note("sent", lambda: sent)
""",
        **OUTSIDE,
    )

    assert _of("context", ran.told) == ANSWERS
    assert ran.told["tasks"] == [[True, True, 1], [True, True, 1]]
    # "outlives" first as in progress: the segment ended before it.
    assert ran.told["sent"] == [
        ["own", False, False],
        *(["late", False, False], ["outlives", False, True], ["outlives", False, True]),
        *(["a", False, False], ["b", False, False]),
    ]
    assert ran.log == ["no segment or subsegment is open"]  # asked for when it had been ended


MISSING = """
del os.environ["_X_AMZN_TRACE_ID"]
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import xray_recorder as x

@x.capture("f")
def f():
    return 1

def block():
    with x.in_subsegment("x") as subsegment:
        subsegment.put_annotation("a", 1)

for strategy in ("RUNTIME_ERROR", "LOG_ERROR", "IGNORE_ERROR"):
    x.configure(context_missing=strategy)
    for name, call in {
        "segment": x.current_segment, "subsegment": x.current_subsegment, "begin": lambda: x.begin_subsegment("x"),
        "annotation": lambda: x.put_annotation("a", 1), "metadata": lambda: x.put_metadata("a", 1), "captured": f,
        "entity": x.get_trace_entity, "end": x.end_subsegment, "end of a segment": x.end_segment, "block": block,
        "context": x.context.get_trace_entity,
    }.items():
        note(f"{strategy}: {name}", call)
x.configure(context_missing="RUNTIME_ERROR")
import sqlite3
from aws_xray_sdk.core import patch
patch(["sqlite3"])
note("libraries", lambda: sqlite3.connect(":memory:").execute("select 1").fetchone())
global_sdk_config.set_sdk_enabled(False)
note("off", lambda: [f(), x.begin_subsegment("x").sampled, x.current_segment().sampled])
"""


def test_outside_lambda_context_missing_says_what_happens_where_no_segment_was_begun() -> None:
    ran = run(MISSING, **OUTSIDE)

    raised = "raises SegmentNotFoundException"
    assert set(_of("RUNTIME_ERROR", ran.told).values()) == {raised}
    for strategy in ("LOG_ERROR", "IGNORE_ERROR"):
        answers = _of(strategy, ran.told)
        assert answers.pop("captured") == 1
        assert set(answers.values()) == {None}
    assert ran.told["libraries"] == [1]
    assert ran.told["off"] == [1, False, False]
    assert ran.log == ["no segment or subsegment is open"]


DRIVEN = """
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.exceptions.exceptions import SegmentNotFoundException
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
sent = []

class Kept(dict):
    __getattr__, __setattr__ = dict.get, dict.__setitem__

class Mine(Context):
    def __init__(self):
        super().__init__()
        self._local = Kept()
    def handle_context_missing(self):
        return None
    def clear_trace_entities(self):
        self._local = Kept()

class Emitter(UDPEmitter):
    def send_entity(self, entity):
        sent.append(entity.name)

x.configure(emitter=Emitter())
for tag, c in (("plain", Context("IGNORE_ERROR")), ("mine", Mine())):
    note(f"{tag}: empty", lambda: [c.get_trace_entity(), c.end_subsegment(), c.end_segment()])
    seg = Segment("seg")
    sub, inner = Subsegment("sub", "local", seg), Subsegment("inner", "remote", seg)
    note(f"{tag}: below nothing", lambda: [c.put_subsegment(sub), c.get_trace_entity()])
    c.put_segment(seg)
    c.put_subsegment(sub)
    c.put_subsegment(inner)
    note(f"{tag}: put", lambda: [
        c.get_trace_entity() is inner, c._local.entities == [seg, sub, inner], seg.subsegments == [sub],
        sub.subsegments == [inner], inner.parent_id == sub.id, sub.trace_id == seg.trace_id,
    ])
    note(f"{tag}: ended", lambda: [
        c.end_subsegment(42), inner.end_time, c.get_trace_entity() is sub,
        c.end_subsegment(), c.get_trace_entity() is seg,
        c.end_subsegment(), c.end_segment(43), seg.end_time, seg.in_progress, c.get_trace_entity() is seg,
    ])
    note(f"{tag}: document", lambda: [each["name"] for each in json.loads(seg.serialize())["subsegments"]])
    c.set_trace_entity(sub)
    note(f"{tag}: set", lambda: c.get_trace_entity() is sub)
    c.clear_trace_entities()
    note(f"{tag}: cleared", c.get_trace_entity)
note("raises", lambda: Context("RUNTIME_ERROR").get_trace_entity())
note("sent", lambda: sent)

class Asked(Context):
    def handle_context_missing(self):
        raise SegmentNotFoundException("own")
asked = Asked()
x.configure(context=asked)
note("of the configured one", asked.get_trace_entity)
note("the recorder does not ask it", lambda: x.get_trace_entity().name)
"""


def test_a_context_that_code_drives_itself_keeps_what_it_is_told_and_sends_nothing() -> None:
    told = run(DRIVEN).told

    for tag in ("plain", "mine"):
        assert _of(tag, told) == {
            "empty": [None, False, None],
            "below nothing": [None, None],
            "put": [True] * 6,
            "ended": [True, 42, True, True, True, False, None, 43, False, True],
            "document": ["sub"],
            "set": True,
            "cleared": None,
        }
    assert told["raises"] == told["of the configured one"] == "raises SegmentNotFoundException"
    assert told["sent"] == []
    assert told["the recorder does not ask it"] == "facade"


MOTO = """
from moto.xray import XRaySegment, mock_xray_client
import aws_xray_sdk.core as core
import contextlib, io

@mock_xray_client
def tested():
    with XRaySegment():
        with core.xray_recorder.in_subsegment("a") as subsegment:
            note("inside", lambda: [
                subsegment.name, core.xray_recorder.current_segment().name, type(core.xray_recorder._emitter).__name__,
                [core.xray_recorder._emitter._ip, core.xray_recorder._emitter._port, core.xray_recorder._emitter.sent],
            ])
before = core.xray_recorder._emitter
with contextlib.redirect_stdout(io.StringIO()):
    tested()
note("put back", lambda: core.xray_recorder._emitter is before)
class Own(type(before)):
    sent = []
    def send_entity(self, entity):
        self.sent.append(entity.name)
        super().send_entity(entity)
core.xray_recorder.configure(emitter=Own())
with core.xray_recorder.in_subsegment("b"):
    pass
note("sent", lambda: Own.sent)
note("address", lambda: Own()._parse_address("127.0.0.1:3000"))
"""


def test_motos_mock_of_the_client_and_emitters_that_keep_what_they_send() -> None:
    told = run(MOTO).told

    assert told["inside"][:3] == ["a", "moto_mock", "MockEmitter"]
    assert told["inside"][3] == ["127.0.0.1", 2000, 0]
    assert told["put back"]
    assert told["sent"] == ["b"]
    assert told["address"] == ["127.0.0.1", 3000]


def test_an_unsampled_subsegment_has_its_name() -> None:
    told = run(
        """
from aws_xray_sdk.core import xray_recorder as x
invoke(2, sampled=0)
with x.in_subsegment("s") as s:
    note("names", lambda: [s.name, x.begin_subsegment("t").name, x.current_subsegment().sampled])
invoke(3)
note("below one", lambda: [x.begin_subsegment_without_sampling("u").name, x.begin_subsegment("v").name])
"""
    ).told

    assert told == {"names": ["s", "t", False], "below one": ["u", "v"]}


def test_loggers_of_the_sdk_that_are_silenced_silence_ours() -> None:
    program = """
from aws_xray_sdk.core import xray_recorder
logger = logging.getLogger({name!r})
{silence}
xray_recorder.end_subsegment()
logger.disabled, logger.propagate, logger.handlers[:] = False, True, []
logger.setLevel(logging.NOTSET)
heard = threading.Event()
class Heard(logging.StreamHandler):
    def emit(self, record):
        super().emit(record)
        heard.set()
logging.getLogger().addHandler(Heard())
xray_recorder.put_annotation("a", 1)
heard.wait(10)
"""
    silences = (
        ("aws_xray_sdk.core", "logger.propagate = False; logger.addHandler(logging.NullHandler())"),
        ("aws_xray_sdk.core.context", "logger.setLevel(logging.CRITICAL)"),
        ("aws_xray_sdk", "logger.disabled = True"),
    )
    for name, silence in silences:
        log = run(program.format(name=name, silence=silence)).log
        assert [line.partition(":")[0] for line in log] == ["put_annotation"], name
