"""One program on the real SDK and on the compatible names: what it sees is the same, but for what is listed."""

from __future__ import annotations

import pytest

from tests.compat.programs import run

PROGRAM = """
logging.disable(logging.CRITICAL)
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import AWSXRayRecorder, patch, xray_recorder as x
from aws_xray_sdk.core.async_context import AsyncContext
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.exceptions.exceptions import AlreadyEndedException, SegmentNotFoundException
from aws_xray_sdk.core.lambda_launcher import LambdaContext, check_in_lambda
from aws_xray_sdk.core.models import http
from aws_xray_sdk.core.models.dummy_entities import DummySegment, DummySubsegment
from aws_xray_sdk.core.models.entity import Entity
from aws_xray_sdk.core.models.facade_segment import FacadeSegment
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.core.models.throwable import Throwable
from aws_xray_sdk.core.models.trace_header import TraceHeader
from aws_xray_sdk.core.models.traceid import TraceId
from aws_xray_sdk.core.plugins.utils import get_plugin_modules
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler
from aws_xray_sdk.core.streaming.default_streaming import DefaultStreaming
from aws_xray_sdk.core.utils import stacktrace
from aws_xray_sdk.core.utils.atomic_counter import AtomicCounter
from aws_xray_sdk.core.utils.search_pattern import wildcard_match
from aws_xray_sdk.core.utils.sqs_message_helper import SqsMessageHelper
from aws_xray_sdk.ext import util
from aws_xray_sdk.ext.httplib import add_ignored, reset_ignored

KINDS = (Entity, Segment, Subsegment, FacadeSegment, DummySegment, DummySubsegment)
FLAGS = ("fault", "error", "throttle")

def kinds(entity):
    return [kind.__name__ for kind in KINDS if isinstance(entity, kind)]

def facts(entity):
    "What code reads of an entity. Flags, `cause` and `sql` are there, or not, or empty: false."
    names = ("trace_id", "parent_id", "sampled", "in_progress", "http", "annotations", "metadata", "aws", "namespace")
    found = {name: getattr(entity, name, "none") for name in names}
    found.update({name: getattr(entity, name, None) or False for name in (*FLAGS, "sql", "user")})
    return {**found, "id": len(entity.id), "cause": bool(entity.cause), "start": type(entity.start_time).__name__}

def reads(tag):
    segment = x.current_segment()
    note(f"{tag}: kinds of the segment", lambda: kinds(segment))
    note(f"{tag}: segment", lambda: {**facts(segment), "namespace": None})
    note(f"{tag}: it stays the same", lambda: x.current_segment() is segment)
    note(f"{tag}: more of it", lambda: [
        segment.id, segment.name, segment.ready_to_send(), segment.get_total_subsegments_size(), segment.initializing,
        segment.get_origin_trace_header().to_header_str(), segment.subsegments, segment.ref_counter.get_current(),
    ])
    outer = x.begin_subsegment("outer", "remote")
    outer.put_annotation("a", 1)
    outer.put_metadata("m", {"x": 1})
    outer.put_http_meta(http.STATUS, 404)
    outer.set_aws({"operation": "op"})
    outer.set_sql({"url": "u"})
    note(f"{tag}: kinds of a subsegment", lambda: kinds(outer))
    note(f"{tag}: subsegment", lambda: facts(outer))
    note(f"{tag}: its segment", lambda: outer.parent_segment is x.current_segment())
    inner = x.begin_subsegment("inner")
    note(f"{tag}: open", lambda: [
        [each.name for each in x.context._local.entities], [each.name for each in outer.subsegments],
        [each.name for each in x.current_segment().subsegments],
    ])
    try:
        raise ValueError("boom")
    except ValueError as error:
        inner.add_exception(error, stacktrace.get_stacktrace(limit=x._max_trace_back))
    note(f"{tag}: failed", lambda: facts(inner)["fault"])
    x.end_subsegment()
    note(f"{tag}: one is closed", lambda: [
        [each.name for each in outer.subsegments], x.current_subsegment() is outer, x.get_trace_entity() is outer,
    ])
    headers = {}
    util.inject_trace_header(headers, outer)
    note(f"{tag}: header", lambda: headers["X-Amzn-Trace-Id"].replace(outer.id, "ID"))
    note(f"{tag}: document", lambda: sorted(set(outer.to_dict()) - {"subsegments"}))
    x.end_subsegment()
    note(f"{tag}: changed when it has ended", lambda: outer.put_annotation("b", 2))
    note(f"{tag}: closed again", lambda: outer.close())
    note(f"{tag}: nothing is current", lambda: x.current_subsegment())
    note(f"{tag}: ended again", lambda: x.end_subsegment())
    note(f"{tag}: segment annotated", lambda: x.current_segment().put_annotation("a", 1))
    note(f"{tag}: annotated without a subsegment", lambda: x.put_annotation("a", 1))
    by_hand = Subsegment("by hand", "local", x.current_segment())
    x.context.put_subsegment(by_hand)
    note(f"{tag}: by hand", lambda: [by_hand.parent_id, x.current_subsegment() is by_hand, kinds(by_hand)])
    note(f"{tag}: by hand ended", lambda: x.context.end_subsegment())
    unsampled = x.begin_subsegment_without_sampling("unsampled")
    note(f"{tag}: without sampling", lambda: [kinds(unsampled), unsampled.sampled])
    x.end_subsegment()

invoke(2)
reads("sampled")
invoke(3, sampled=0)
reads("unsampled")
invoke(4)
with x.in_segment("own", sampling=1) as own:
    own.put_annotation("k", "v")
    note("own segment", lambda: [kinds(own), own.name, own.annotations, own.in_progress, own.sampled])
del os.environ["_X_AMZN_TRACE_ID"]
x.clear_trace_entities()
note("no trace", lambda: [kinds(x.current_segment()), kinds(x.begin_subsegment("n")), x.current_subsegment()])
note("not sampled", lambda: x.is_sampled())
invoke(5)

made = Segment("name", "1234567890abcdef", "1-5759e988-bd862e3fe1be46a994272793", "1111111111111111", False)
made.set_user("me")
made.set_service({"v": 1})
made.set_rule_name("rule")
child = Subsegment("child", "local", made)
made.add_subsegment(child)
note("made segment", lambda: {**facts(made), "namespace": None})
note("more of the made segment", lambda: [made.id, made.service, [each.name for each in made.subsegments], kinds(made)])
note("child of the made segment", lambda: [child.parent_id, child.trace_id, child.parent_segment is made, kinds(child)])
note("no name", lambda: Segment(""))
note("no segment", lambda: Subsegment("n", "local", None))
dummy = DummySegment()
of_dummy = DummySubsegment(dummy)
note("dummies", lambda: [kinds(dummy), kinds(of_dummy), dummy.id, dummy.trace_id, of_dummy.id])
facade = FacadeSegment("facade", "1111111111111111", "1-5759e988-bd862e3fe1be46a994272793", True)
note("facade", lambda: [kinds(facade), facade.id, facade.trace_id, facade.sampled, facade.initializing])
class Mine(Subsegment):
    pass
mine = Mine("n", "local", facade)
note("subclass", lambda: [isinstance(mine, Subsegment), isinstance(x.begin_subsegment("s"), Mine)])
x.end_subsegment()

SETTINGS = (
    "sampling", "dynamic_naming", "streaming_threshold", "max_trace_back", "stream_sql", "context", "streaming",
)
note("settings", lambda: [getattr(x, name) for name in SETTINGS])
note("sampler", lambda: [type(x.sampler) is LocalSampler, type(x.streaming) is DefaultStreaming])
note("contexts", lambda: [type(each) is LambdaContext for each in (check_in_lambda(), x.context)])
note("missing", lambda: [x.context.context_missing, Context().context_missing])
cause = Throwable(ValueError("m"), [("/a/b.py", 3, "f", "x")], True)
note("throwable", lambda: {key: value for key, value in cause.to_dict().items() if key != "id"})
PATTERNS = [
    ("*", "a"), ("a?c", "ABC"), ("*.x", "a.x.y"), ("", ""), ("", "a"), ("a*b*c", "axxbyyc"), ("[a]", "a"), (None, "a"),
]
note("patterns", lambda: [wildcard_match(*each) for each in PATTERNS])
counter = AtomicCounter(3)
note("counter", lambda: [counter.increment(), counter.decrement(2), counter.get_current(), counter.reset()])
daemon = DaemonConfig("tcp:127.0.0.1:2001 udp:127.0.0.2:2002")
note("daemon", lambda: [daemon.udp_ip, daemon.udp_port, daemon.tcp_ip, daemon.tcp_port])
note("bad daemon", lambda: DaemonConfig("x"))
note("trace id", lambda: [len(TraceId().to_id()), TraceId().to_id()[:2]])
note("trace header", lambda: TraceHeader.from_header_str("Root=a;Parent=b;Sampled=1;k=v").to_header_str())
note("words", lambda: [util.to_snake_case("QueueOwnerAWSAccountId"), util.strip_url("http://a?b")])
note("no URL", lambda: util.strip_url(None))
note("hosts", lambda: [util.get_hostname(url) for url in ("http://User@HOST:80/x", None, "x")])
note("response header", lambda: [util.prepare_response_header(each, made) for each in (TraceHeader(sampled="?"), None)])
note("request header", lambda: [util.construct_xray_header(each).root for each in ({"X-Amzn-Trace-Id": "Root=a"}, {})])
note("frames", lambda: [len(stacktrace.get_stacktrace(limit=1)), stacktrace.get_stacktrace(limit=0)])
note("message", lambda: SqsMessageHelper.isSampled({"attributes": {"AWSTraceHeader": "Root=1;Sampled=1"}}))
note("plugins", lambda: [module.SERVICE_NAME for module in get_plugin_modules(("EC2Plugin", "ecs_plugin"))])
note("no plugins", lambda: get_plugin_modules(()))
note("ignored", lambda: [add_ignored(hostname="a.example"), reset_ignored()])
note("unknown library", lambda: patch(["no_such_library"]))
note("configure", lambda: x.configure(
    sampling=False, plugins=(), context_missing="LOG_ERROR", service="svc", dynamic_naming="*.example.com",
    max_trace_back=5, streaming_threshold=10, daemon_address="127.0.0.1:3000",
))
note("configured", lambda: [x.service, x.dynamic_naming, x.sampling, x.streaming_threshold, x.max_trace_back])
note("names", lambda: [util.calculate_segment_name(host, x) for host in ("www.example.com", "else.where")])
note("unknown setting", lambda: x.configure(nothing=1))
note("bad address", lambda: x.configure(daemon_address="nope"))
note("bad rules", lambda: x.configure(sampling_rules={"version": 9}))
note("own recorder", lambda: AWSXRayRecorder().max_trace_back)

async def asynchronous():
    x.configure(context=AsyncContext(loop=asyncio.get_running_loop()))
    return type(x.context).__name__
note("asynchronous context", lambda: asyncio.run(asynchronous()))

global_sdk_config.set_sdk_enabled(False)
note("off", lambda: [kinds(x.begin_segment("a")), kinds(x.begin_subsegment("b")), x.end_subsegment(), x.end_segment()])
note("off: patch", lambda: patch(["no_such_library"]))
"""

NEVER_RAISES = "nothing raises into a function because of the state of its trace"
UNSAMPLED_IS_ONE = "where nothing is recorded, one shared object stands for all subsegments"

DIFFERENT = {
    "sampled: changed when it has ended": NEVER_RAISES,
    "sampled: closed again": NEVER_RAISES,
    "sampled: segment annotated": NEVER_RAISES,
    "sampled: annotated without a subsegment": NEVER_RAISES,
    "unsampled: closed again": NEVER_RAISES,
    "unsampled: segment annotated": NEVER_RAISES,
    "no name": NEVER_RAISES,
    "no segment": NEVER_RAISES,
    "bad rules": "in Lambda nobody reads them",
    "unknown library": "it is a ValueError, which is an Exception as there",
    "unsampled: open": UNSAMPLED_IS_ONE,
    "unsampled: subsegment": UNSAMPLED_IS_ONE,
    "unsampled: document": UNSAMPLED_IS_ONE,
    "unsampled: one is closed": UNSAMPLED_IS_ONE,
    "unsampled: nothing is current": "code that annotates whatever is current need not ask whether it is sampled",
    "unsampled: header": "the parent stays what Lambda said, so that the trace stays in one piece",
}


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, object], dict[str, object]]:
    theirs, ours = run(PROGRAM, compatible=False), run(PROGRAM)
    return theirs.told, ours.told


def test_what_code_sees_is_what_it_sees_on_the_sdk(
    told: tuple[dict[str, object], dict[str, object]],
) -> None:
    theirs, ours = told

    different = {
        label: (their, ours.get(label)) for label, their in theirs.items() if their != ours.get(label)
    }

    assert {label: both for label, both in different.items() if label not in DIFFERENT} == {}
    assert [label for label in DIFFERENT if label not in different] == []
    assert len(theirs) > 80


def test_nothing_raises_because_of_the_trace(told: tuple[dict[str, object], dict[str, object]]) -> None:
    raised = {label: value for label, value in told[1].items() if str(value).startswith("raises ")}

    assert raised == {
        "bad daemon": "raises InvalidDaemonAddressException",
        "no plugins": "raises MissingPluginNames",
        "unknown library": "raises ValueError",
        "unknown setting": "raises TypeError",
        "bad address": "raises InvalidDaemonAddressException",
    }
