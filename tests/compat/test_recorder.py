"""The recorder under the SDK's names: emitters and contexts of people's own, what has no effect, and what is said."""

from __future__ import annotations

from tests.compat.programs import DAEMON, run


def test_emitters_that_people_write_get_each_document() -> None:
    told = run(
        """
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
sent = []

class Plain:
    def send_entity(self, entity):
        sent.append([entity.name, entity.annotations, entity.to_dict()["name"], "a" in entity.serialize()])

class OfEntities(UDPEmitter):
    def send_entity(self, entity):
        sent.append(["entity", entity.name, hasattr(entity, "no_such_thing")])
        super().send_entity(entity)

class OfData(UDPEmitter):
    def _send_data(self, data):
        sent.append(["data", data.splitlines()[0], json.loads(data.splitlines()[1])["name"]])

for emitter in (Plain(), OfEntities(), OfData()):
    xray_recorder.configure(emitter=emitter)
    with xray_recorder.in_subsegment("a") as subsegment:
        subsegment.put_annotation("k", 1)
note("sent", lambda: sent)
note("the last", lambda: xray_recorder.emitter is emitter)
note("address", lambda: [UDPEmitter("127.0.0.1:3001").ip, UDPEmitter("127.0.0.1:3001").port])
"""
    ).told

    assert told["sent"] == [
        ["a", {"k": 1}, "a", True],
        ["entity", "a", False],
        ["data", '{"format":"json","version":1}', "a"],
    ]
    assert told["the last"]
    assert told["address"] == ["127.0.0.1", 3001]


def test_what_has_no_effect_in_lambda_is_said_once_and_nothing_else_is() -> None:
    ran = run(
        """
from aws_xray_sdk.core import patch_all, xray_recorder
from aws_xray_sdk.core.async_context import AsyncContext
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.sampling.sampler import DefaultSampler

class Mine(Context):
    def put_subsegment(self, subsegment):
        raise AssertionError("nobody asks it")

for _ in range(2):
    xray_recorder.configure(
        service="s", sampling=False, context_missing="RUNTIME_ERROR", context=AsyncContext(), streaming_threshold=1,
        daemon_address="127.0.0.1:2000", max_trace_back=3, stream_sql=False,
    )
    patch_all()
    note(f"nothing said {_}", lambda: None)
for _ in range(2):
    xray_recorder.configure(
        plugins=("EC2Plugin",), sampling_rules={"version": 1}, sampler=DefaultSampler(), context=Mine()
    )
    with xray_recorder.in_segment("segment"), xray_recorder.in_subsegment("a"):
        pass
"""
    )

    no_effect = "accepted, without effect"
    assert ran.log == [
        f"configure(plugins=...): {no_effect}: a segment would say where it ran",
        f"configure(sampling_rules=...): {no_effect}: the trace header says what is sampled",
        f"configure(sampler=...): {no_effect}: the trace header says what is sampled",
        f"configure(context=Mine()): {no_effect}: what is current is known to lambda_tracer",
        f"begin_segment: {no_effect}: in Lambda the segment belongs to Lambda",
    ]


def test_a_level_that_is_set_for_the_sdk_holds_for_what_we_say() -> None:
    ran = run(
        """
from aws_xray_sdk.core import xray_recorder
logging.getLogger("aws_xray_sdk").setLevel(logging.ERROR)
xray_recorder.put_annotation("a", 1)
xray_recorder.end_segment()
logging.getLogger("aws_xray_sdk").setLevel(logging.WARNING)
xray_recorder.begin_segment("s")
logging.getLogger("aws_xray_sdk.core").setLevel(logging.ERROR)
xray_recorder.end_subsegment()
note("its own loggers are there", lambda: sys.modules["aws_xray_sdk.core.recorder"].log.name)
""".replace('note("its', 'import aws_xray_sdk.core.recorder\nnote("its')
    )

    assert ran.log == ["begin_segment: accepted, without effect: in Lambda the segment belongs to Lambda"]
    assert ran.told == {"its own loggers are there": "aws_xray_sdk.core.recorder"}


def test_connections_that_people_wrap_are_traced_once() -> None:
    told = run(
        """
import sqlite3
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.ext.dbapi2 import XRayTracedConn
names = []

class Emitter:
    def send_entity(self, entity):
        names.append([entity.name, entity.sql["database_type"], entity.namespace])

xray_recorder.configure(emitter=Emitter())
connection = XRayTracedConn(sqlite3.connect(":memory:"), {"name": "db", "user": "me"})
note("its class", lambda: isinstance(connection, sqlite3.Connection))
cursor = connection.cursor()
cursor.execute("select 1")
note("its rows", lambda: [list(cursor), cursor.execute("select ?", (2,)).fetchone(), cursor.description[0][0]])
patch(["sqlite3"])
patched = XRayTracedConn(sqlite3.connect(":memory:"), {"name": "db"})
with patched as entered:
    patched.cursor().execute("select 1")
note("traced", lambda: names)
"""
    ).told

    assert told["its class"]
    assert told["its rows"] == [[[1]], [2], "?"]
    assert told["traced"] == [
        ["db", "sqlite3", "remote"],
        ["db", "sqlite3", "remote"],
        [":memory:", "sqlite3", "remote"],
    ]


def test_asynchronous_code_gives_one_tree_and_powertools_hooks_trace_aiohttp() -> None:
    told = run(
        DAEMON
        + """
daemon.settimeout(5)
import aiohttp
from aiohttp.test_utils import TestServer
from aiohttp import web
from aws_lambda_powertools.tracing import Tracer, aiohttp_trace_config
from aws_xray_sdk.core import xray_recorder
tracer = Tracer(service="s", auto_patch=False)

@tracer.capture_method
async def fetch(url, status):
    async with aiohttp.ClientSession(trace_configs=[aiohttp_trace_config()]) as session:
        return (await session.get(url.with_path(f"/{status}"))).status

async def main():
    async def answer(request):
        return web.Response(status=int(request.match_info["status"]))
    application = web.Application()
    application.router.add_get("/{status}", answer)
    async with TestServer(application) as server:
        async with xray_recorder.in_subsegment_async("all"):
            return await asyncio.gather(*(fetch(server.make_url("/"), status) for status in (200, 404, 201)))

note("answers", lambda: asyncio.run(main()))
document = json.loads(daemon.recv(70_000).partition(b"\\n")[2])
note("tree", lambda: sorted(
    [document["name"], method["name"], call["name"], call["http"]["response"]["status"], call.get("error", False)]
    for method in document["subsegments"] for call in method["subsegments"]
))
note("not the SDK", lambda: [name for name in ("wrapt",) if name in sys.modules])
"""
    ).told

    assert told["answers"] == [200, 404, 201]
    assert told["tree"] == [
        ["all", "## __main__.fetch", "127.0.0.1", 200, False],
        ["all", "## __main__.fetch", "127.0.0.1", 201, False],
        ["all", "## __main__.fetch", "127.0.0.1", 404, True],
    ]
    assert told["not the SDK"] == []
