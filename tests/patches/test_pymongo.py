"""pymongo against a stand-in for the server: a command is one subsegment, without documents."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import lambda_tracer.patches.pymongo as pymongo_patch
from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.mongo_server import serving
from tests.patches.sql.servers import free_port

pymongo: Any = pytest.importorskip("pymongo", reason="pymongo is not installed")

CANARY = "canary-va1ue"


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    patch(["pymongo"])
    yield
    unpatch_all()


@pytest.fixture
def port() -> Iterator[int]:
    with serving() as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator[Any]:
    client = pymongo.MongoClient("127.0.0.1", port)
    yield client
    client.close()


def commands(daemon: Daemon) -> list[str]:
    """The names of the commands that were recorded, in the order of their beginning."""
    calls = sorted(daemon.subsegments(), key=lambda call: call["start_time"])
    return [call["annotations"]["mongodb_command_name"] for call in calls if "annotations" in call]


def test_a_command_is_one_remote_subsegment_below_its_caller(client: Any, port: int, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        inserted = client.shop.books.insert_one({"_id": 1, "title": CANARY})
        found = client.shop.books.find_one({"title": CANARY})

    assert inserted.inserted_id == 1
    assert found == {"_id": 1, "title": CANARY}
    daemon.expect_tree(
        f"""
        handler
          shop@127.0.0.1:{port}  [remote]
          shop@127.0.0.1:{port}  [remote]
    """,
        namespace=True,
    )
    assert commands(daemon) == ["insert", "find"]
    [_, call] = [call for call in daemon.subsegments() if "annotations" in call]
    annotations = call["annotations"]
    assert annotations.pop("mongodb_duration_micros") >= 0
    assert isinstance(annotations.pop("mongodb_operation_id"), int)
    assert isinstance(annotations.pop("mongodb_request_id"), int)
    assert annotations == {
        "mongodb_command_name": "find",
        "mongodb_connection_id": f"127.0.0.1:{port}",
        "mongodb_database_name": "shop",
    }
    assert not any(CANARY.encode() in datagram for datagram in daemon.datagrams())


def test_documents_are_recorded_when_asked_for(
    client: Any, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pymongo_patch, "record_full_documents", True)

    client.shop.books.insert_one({"_id": 1, "title": "x"})
    list(client.shop.books.find({"title": "x"}))

    [insert, find] = [call["metadata"]["default"] for call in daemon.subsegments()]
    assert insert["mongodb_command"]["documents"] == [{"_id": 1, "title": "x"}]
    assert find["mongodb_command"]["filter"] == {"title": "x"}
    assert find["mongodb_reply"]["cursor"]["firstBatch"] == [{"_id": 1, "title": "x"}]


def test_a_failing_command_is_a_fault_with_the_code_and_without_the_message(
    client: Any, daemon: Daemon
) -> None:
    with pytest.raises(pymongo.errors.OperationFailure, match=CANARY) as raised:
        client.shop.books.find_one({"$no": CANARY})

    assert raised.value.code == 2
    [call] = daemon.subsegments()
    assert call["fault"] is True
    assert call["metadata"] == {"default": {"failure": {"ok": 0.0, "code": 2, "codeName": "BadValue"}}}
    assert not any(CANARY.encode() in datagram for datagram in daemon.datagrams())


def test_write_errors_are_the_callers_affair(client: Any, daemon: Daemon) -> None:
    client.shop.books.insert_one({"_id": CANARY})
    with pytest.raises(pymongo.errors.DuplicateKeyError):
        client.shop.books.insert_one({"_id": CANARY})

    assert [bool(call.get("fault")) for call in daemon.subsegments()] == [False, False]
    assert not any(CANARY.encode() in datagram for datagram in daemon.datagrams())


def test_a_cursor_stays_lazy_and_each_batch_is_one_subsegment(client: Any, daemon: Daemon) -> None:
    client.shop.books.insert_many([{"_id": number} for number in range(5)])
    daemon.clear()

    cursor = client.shop.books.find(batch_size=2)
    assert daemon.subsegments() == []
    first = next(cursor)
    assert commands(daemon) == ["find"]
    rest = list(cursor)

    assert [first["_id"], *(each["_id"] for each in rest)] == [0, 1, 2, 3, 4]
    assert commands(daemon) == ["find", "getMore", "getMore"]


def test_a_time_out_is_a_fault(port: int, daemon: Daemon) -> None:
    with (
        pymongo.MongoClient("127.0.0.1", port, socketTimeoutMS=100, retryReads=False) as client,
        pytest.raises(pymongo.errors.NetworkTimeout),
    ):
        client.shop.command("sleep", 0.5)

    daemon.expect_tree(f"shop@127.0.0.1:{port}  fault")
    assert daemon.subsegments()[0]["metadata"] == {"default": {"failure": {"errtype": "NetworkTimeout"}}}


def test_a_refused_connection_raises_what_it_raises(daemon: Daemon) -> None:
    with (
        pymongo.MongoClient("127.0.0.1", free_port(), serverSelectionTimeoutMS=100) as client,
        xray_recorder.in_subsegment("handler"),
        pytest.raises(pymongo.errors.ServerSelectionTimeoutError),
    ):
        client.shop.books.find_one()

    daemon.expect_tree("handler")


@pytest.mark.parametrize("header", ["unsampled", "absent"])
def test_nothing_is_recorded_where_nothing_is_to_be(
    client: Any, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    if header == "unsampled":
        invoke(sampled=0)
    else:
        monkeypatch.delenv("_X_AMZN_TRACE_ID")

    assert client.admin.command("ping")["ok"] == 1
    assert daemon.datagrams() == []


def test_listeners_of_the_users_hear_everything(port: int, daemon: Daemon) -> None:
    heard = []

    class Listener(pymongo.monitoring.CommandListener):  # type: ignore[misc]
        def started(self, event: Any) -> None:
            heard.append(("started", event.command_name))

        def succeeded(self, event: Any) -> None:
            heard.append(("succeeded", event.command_name))

        def failed(self, event: Any) -> None:
            heard.append(("failed", event.command_name))

    with pymongo.MongoClient("127.0.0.1", port, event_listeners=[Listener()]) as client:
        client.admin.command("ping")

    assert heard[:2] == [("started", "ping"), ("succeeded", "ping")]
    assert commands(daemon)[0] == "ping"


def test_commands_of_several_threads_are_each_below_their_own_subsegment(client: Any, daemon: Daemon) -> None:
    patch(["threads"])
    together = threading.Barrier(3)

    def work(number: int) -> None:
        with xray_recorder.in_subsegment(f"work {number}"):
            together.wait(20)
            client.admin.command("sleep", 0.05)

    with xray_recorder.in_subsegment("handler"), ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))

    assert parents_of_commands(daemon) == ["work 0", "work 1", "work 2"]


def test_commands_of_several_tasks_are_each_below_their_own_subsegment(port: int, daemon: Daemon) -> None:
    async def main() -> None:
        async with pymongo.AsyncMongoClient("127.0.0.1", port) as client:

            async def work(number: int) -> None:
                async with xray_recorder.in_subsegment(f"work {number}"):
                    await client.admin.command("sleep", 0.05)

            await asyncio.gather(*[work(number) for number in range(4)])

    asyncio.run(main())

    assert parents_of_commands(daemon) == ["work 0", "work 1", "work 2", "work 3"]


def parents_of_commands(daemon: Daemon) -> list[str]:
    subsegments = {each["id"]: each for each in daemon.subsegments()}
    return sorted(
        subsegments[each["parent_id"]]["name"]
        for each in subsegments.values()
        if each.get("annotations", {}).get("mongodb_command_name") == "sleep"
    )


def test_what_follows_a_cancelled_command_is_not_below_it(port: int, daemon: Daemon, invoke: Invoke) -> None:
    """From 4.20 on pymongo says that it failed; before, nothing more of it, and what was last known of it is sent."""

    async def main() -> None:
        async with pymongo.AsyncMongoClient("127.0.0.1", port) as client:
            await client.admin.command("ping")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.admin.command("sleep", 20), 0.5)
            async with xray_recorder.in_subsegment("next"):
                pass

    asyncio.run(main())
    invoke()
    with xray_recorder.in_subsegment("of the next invocation"):
        pass

    recorded = daemon.subsegments()
    [cancelled] = [
        each for each in recorded if each.get("annotations", {}).get("mongodb_command_name") == "sleep"
    ]
    assert cancelled["name"] == f"admin@127.0.0.1:{port}"
    assert cancelled.get("fault") or cancelled.get("in_progress")
    assert [each["name"] for each in recorded if each.get("parent_id") == cancelled["id"]] == []
    assert {"next", "of the next invocation"} <= {each["name"] for each in recorded}


def test_a_client_made_before_the_patch_is_traced_and_one_that_is_unpatched_is_not(
    port: int, daemon: Daemon
) -> None:
    unpatch_all()
    with pymongo.MongoClient("127.0.0.1", port) as client:
        client.admin.command("ping")
        patch(["pymongo"])
        patch(["pymongo"])
        client.admin.command("ping")
        daemon_saw = len(daemon.subsegments())
        unpatch(["pymongo"])
        client.admin.command("ping")

    assert daemon_saw == 1
    assert len(daemon.subsegments()) == 1
    assert pymongo.monitoring._LISTENERS.command_listeners == []


@pytest.mark.slow
def test_it_is_traced_when_imported_after_the_patch(port: int, daemon: Daemon) -> None:
    program = f"""
        import lambda_tracer
        lambda_tracer.patch_all()
        import pymongo
        with pymongo.MongoClient("127.0.0.1", {port}) as client:
            client.shop.books.find_one()
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=dict(os.environ), check=True)

    assert commands(daemon)[0] == "find"
