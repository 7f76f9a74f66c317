"""redis-py against a real server: a command or a pipeline is one subsegment, without its keys and values."""

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

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.sql.servers import HOST, free_port, redis_server

redis: Any = pytest.importorskip("redis", reason="redis is not installed")
redis_asyncio: Any = pytest.importorskip("redis.asyncio", reason="redis is not installed")

NAME = f"redis@{HOST}"
CANARY = "canary-va1ue"


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    redis_server()
    patch(["redis"])
    yield
    unpatch_all()


@pytest.fixture
def client() -> Iterator[Any]:
    client = redis.Redis(host=HOST, port=redis_server().port, decode_responses=True)
    yield client
    client.close()


def async_client() -> Any:
    return redis_asyncio.Redis(host=HOST, port=redis_server().port, decode_responses=True)


def recorded(daemon: Daemon) -> list[dict[str, Any]]:
    """The metadata of what was recorded, in the order of its beginning."""
    calls = sorted(daemon.subsegments(), key=lambda call: call["start_time"])
    return [call["metadata"]["redis"] for call in calls if "metadata" in call]


def test_a_command_is_one_remote_subsegment_with_its_name_alone(client: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        stored = client.set(CANARY, CANARY)
        value = client.get(CANARY)
        client.execute_command(f"SET {CANARY} {CANARY}")
        client.config_get("maxmemory")

    assert (stored, value) == (True, CANARY)
    daemon.expect_tree(
        f"""
        handler
          {NAME}  [remote]
          {NAME}  [remote]
          {NAME}  [remote]
          {NAME}  [remote]
    """,
        namespace=True,
    )
    assert recorded(daemon) == [{"command": name, "database": 0} for name in ("SET", "GET", "SET", "CONFIG")]
    assert not any(CANARY.encode() in datagram for datagram in daemon.datagrams())


@pytest.mark.parametrize("transaction", [True, False])
def test_a_pipeline_is_one_subsegment(client: Any, daemon: Daemon, transaction: bool) -> None:
    with client.pipeline(transaction=transaction) as pipeline:
        queued = pipeline.set("a", 1).incr("a").incr("a")
        results = pipeline.execute()
        empty = pipeline.execute()

    assert queued is pipeline
    assert (results, empty) == ([True, 2, 3], [])
    assert recorded(daemon) == [{"commands": ["SET", "INCRBY"], "count": 3, "database": 0}]


def test_watched_commands_are_recorded_when_they_are_sent(client: Any, daemon: Daemon) -> None:
    def double(pipeline: Any) -> None:
        value = int(pipeline.get("n"))
        pipeline.multi()
        pipeline.set("n", value * 2)

    client.set("n", 4)
    client.transaction(double, "n")

    assert client.get("n") == "8"
    assert [each.get("command") or each["commands"] for each in recorded(daemon)] == [
        "SET",
        "WATCH",
        "GET",
        ["SET"],
        "GET",
    ]


def test_an_error_of_the_server_is_a_fault(client: Any, daemon: Daemon) -> None:
    client.set("text", "x")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        client.incr("text")

    daemon.expect_tree(f"""
        {NAME}
        {NAME}  fault ResponseError
    """)


def test_a_refused_connection_and_a_time_out_are_faults(daemon: Daemon) -> None:
    retry = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    refused = redis.Redis(host=HOST, port=free_port(), retry=retry)
    with pytest.raises(redis.ConnectionError):
        refused.ping()
    refused.close()
    slow = redis.Redis(host=HOST, port=redis_server().port, socket_timeout=0.5, retry=retry)
    with pytest.raises(redis.TimeoutError):
        slow.blpop("nothing", 5)
    slow.close()

    daemon.expect_tree(f"""
        {NAME}  fault ConnectionError
        {NAME}  fault TimeoutError
    """)


@pytest.mark.parametrize("header", ["unsampled", "absent"])
def test_nothing_is_recorded_where_nothing_is_to_be(
    client: Any, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    if header == "unsampled":
        invoke(sampled=0)
    else:
        monkeypatch.delenv("_X_AMZN_TRACE_ID")

    assert client.ping() is True
    assert daemon.datagrams() == []


def test_scans_scripts_locks_and_subscriptions_work(client: Any, daemon: Daemon) -> None:
    client.flushdb()
    client.mset({f"key {number}": number for number in range(30)})
    scanned = sorted(client.scan_iter(count=10))
    script = client.register_script("return tonumber(ARGV[1]) + 1")
    with client.lock("lock", timeout=5), client.pubsub() as subscription:
        subscription.subscribe("channel")
        subscription.get_message(timeout=5)
        client.publish("channel", "hello")
        message = subscription.get_message(timeout=5)
        computed = script(args=[4])

    assert len(scanned) == 30
    assert message["data"] == "hello"
    assert computed == 5
    assert not any(call.get("fault") for call in daemon.subsegments() if call["name"] != NAME)


def test_a_socket_is_named_localhost_and_another_database_by_its_number(daemon: Daemon) -> None:
    client = redis.Redis.from_url(f"unix://{redis_server().socket}?db=3")
    client.ping()
    client.close()

    daemon.expect_tree("redis@localhost")
    assert recorded(daemon) == [{"command": "PING", "database": 3}]


def test_commands_of_several_threads_are_each_below_their_own_subsegment(client: Any, daemon: Daemon) -> None:
    patch(["threads"])
    together = threading.Barrier(3)

    def work(number: int) -> Any:
        with xray_recorder.in_subsegment(f"work {number}"):
            together.wait(20)
            return client.echo(str(number))

    with xray_recorder.in_subsegment("handler"), ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(work, range(3)))

    assert answers == ["0", "1", "2"]
    subsegments = {each["id"]: each for each in daemon.subsegments()}
    parents = sorted(
        subsegments[each["parent_id"]]["name"] for each in subsegments.values() if each["name"] == NAME
    )
    assert parents == ["work 0", "work 1", "work 2"]


def test_commands_of_several_tasks_are_each_below_their_own_subsegment(daemon: Daemon) -> None:
    async def main() -> Any:
        async with async_client() as client:

            async def work(number: int) -> Any:
                async with xray_recorder.in_subsegment(f"work {number}"):
                    return await client.echo(str(number))

            return await asyncio.gather(*[work(number) for number in range(4)])

    assert asyncio.run(main()) == ["0", "1", "2", "3"]
    subsegments = {each["id"]: each for each in daemon.subsegments()}
    parents = sorted(
        subsegments[each["parent_id"]]["name"] for each in subsegments.values() if each["name"] == NAME
    )
    assert parents == ["work 0", "work 1", "work 2", "work 3"]


def test_asyncio_pipelines_watches_and_errors(daemon: Daemon) -> None:
    async def main() -> Any:
        async with async_client() as client:
            async with client.pipeline() as pipeline:
                results = await pipeline.set("a", 1).incr("a").execute()
            async with client.pipeline() as pipeline:
                await pipeline.watch("a")
                value = await pipeline.get("a")
                pipeline.multi()
                pipeline.set("a", "x")
                await pipeline.execute()
            with pytest.raises(redis.ResponseError):
                await client.incr("a")
            return results, value

    assert asyncio.run(main()) == ([True, 2], "2")
    assert [each.get("command") or each["commands"] for each in recorded(daemon)] == [
        ["SET", "INCRBY"],
        "WATCH",
        "GET",
        ["SET"],
        "INCRBY",
    ]


def test_a_cancelled_command_is_a_fault(daemon: Daemon) -> None:
    async def main() -> None:
        async with async_client() as client:
            task = asyncio.ensure_future(client.blpop("nothing", 20))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await client.ping()

    asyncio.run(main())

    daemon.expect_tree(f"""
        {NAME}  fault CancelledError
        {NAME}
    """)


def test_a_cluster_is_traced_once_a_command(daemon: Daemon) -> None:
    cluster_module = pytest.importorskip("redis.cluster")
    port = redis_server("--cluster-enabled", "yes", "--cluster-port", str(free_port())).port
    node = redis.Redis(host=HOST, port=port)
    node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    while "cluster_state:ok" not in str(node.execute_command("CLUSTER", "INFO")):
        pass
    node.close()
    cluster = cluster_module.RedisCluster(host=HOST, port=port, decode_responses=True)
    daemon.clear()

    cluster.set("a", "1")
    pipeline = cluster.pipeline()
    pipeline.incr("a")
    pipeline.get("a")
    results = pipeline.execute()
    cluster.close()

    assert results == [2, "2"]
    assert [each.get("command") or each["commands"] for each in recorded(daemon)] == [
        "SET",
        ["INCRBY", "GET"],
    ]

    async def main() -> Any:
        async with redis_asyncio.RedisCluster(host=HOST, port=port, decode_responses=True) as cluster:
            await cluster.initialize()
            daemon.clear()
            await cluster.set("b", "1")
            async with cluster.pipeline() as pipeline:
                return await pipeline.incr("b").get("b").execute()

    assert asyncio.run(main()) == [2, "2"]
    assert [each.get("command") or each["commands"] for each in recorded(daemon)] == [
        "SET",
        ["INCRBY", "GET"],
    ]


def test_a_client_made_before_the_patch_is_traced_and_unpatching_puts_the_functions_back(
    client: Any, daemon: Daemon
) -> None:
    patched = vars(redis.Redis)["execute_command"]
    unpatch(["redis"])
    original = vars(redis.Redis)["execute_command"]
    client.ping()
    patch(["redis"])
    patch(["redis"])
    client.ping()

    assert original is not patched
    assert original is patched.__wrapped__
    daemon.expect_tree(NAME)


@pytest.mark.slow
def test_it_is_traced_when_imported_after_the_patch(daemon: Daemon) -> None:
    program = f"""
        import lambda_tracer
        lambda_tracer.patch_all()
        import redis
        assert redis.Redis(host={HOST!r}, port={redis_server().port}).ping()
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=dict(os.environ), check=True)

    daemon.expect_tree(NAME)


def faults(daemon: Daemon) -> list[dict[str, Any]]:
    return [each for each in daemon.subsegments() if each.get("fault") or each.get("cause")]


def test_a_watched_key_that_changes_is_no_fault(client: Any, daemon: Daemon) -> None:
    """redis-py handles it, or the user does: it says that the transaction is to be repeated."""
    changes = ["5", "6"]

    def double(pipeline: Any) -> None:
        value = int(pipeline.get("n"))
        if changes:
            client.set("n", changes.pop())
        pipeline.multi()
        pipeline.set("n", value * 2)

    client.set("n", 4)
    client.transaction(double, "n")

    assert client.get("n") == "10"
    assert faults(daemon) == []


def test_a_script_that_the_server_does_not_know_yet_is_no_fault(client: Any, daemon: Daemon) -> None:
    client.script_flush()
    script = client.register_script("return 1")
    alone = script()
    client.script_flush()
    with client.pipeline() as pipeline:
        script(client=pipeline)
        together = pipeline.execute()
    client.script_flush()
    with client.lock("lock", timeout=5):
        pass

    assert (alone, together) == (1, [1])
    assert faults(daemon) == []


def test_neither_is_a_fault_with_asyncio(client: Any, daemon: Daemon) -> None:
    changes = ["5"]

    async def double(pipeline: Any) -> None:
        value = int(await pipeline.get("n"))
        if changes:
            client.set("n", changes.pop())
        pipeline.multi()
        pipeline.set("n", value * 2)

    async def main() -> Any:
        async with async_client() as connection:
            await connection.set("n", 4)
            await connection.transaction(double, "n")
            await connection.script_flush()
            return await connection.register_script("return 1")()

    assert asyncio.run(main()) == 1
    assert client.get("n") == "10"
    assert faults(daemon) == []
