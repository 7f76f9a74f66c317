"""What the user's code does while an AWS call is under way is below the call: event handlers, credentials, bodies."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("aiobotocore", reason="aiobotocore is not installed: pip install aiobotocore")
pytest.importorskip("boto3", reason="boto3 is not installed: pip install boto3")
pytest.importorskip("requests", reason="requests is not installed: pip install requests")

import boto3
import botocore.client
import botocore.session
import requests
from aiobotocore.credentials import AioDeferredRefreshableCredentials
from aiobotocore.session import get_session
from botocore.credentials import DeferredRefreshableCredentials

from lambda_tracer import TraceHeader, patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.aws.servers import Answer, Service, running_service
from tests.patches.http.server import HttpServer, serving

LIBRARIES = ["aiobotocore", "boto3", "requests", "threads", "urllib3"]
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    patch(LIBRARIES)
    yield
    unpatch_all()


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as service:
        service.answer = Answer(body=b"{}")
        yield service


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serving() as server:
        yield server


Work = Callable[[], object]
Call = Callable[[Service, Work], object]
CALLS: list[Call] = []


def call(run: Call) -> Call:
    CALLS.append(run)
    return run


def client(service: Service, name: str = "dynamodb", session: Any = boto3, **keys: str) -> Any:
    return session.client(name, endpoint_url=service.url, region_name=REGION, **keys)


def async_client(service: Service, session: Any, **keys: str) -> Any:
    return session.create_client("dynamodb", endpoint_url=service.url, region_name=REGION, **keys)


def credentials(work: Work) -> dict[str, str]:
    work()
    return {"access_key": "a", "secret_key": "b", "token": "c", "expiry_time": "2099-01-01T00:00:00Z"}


@call
def credentials_that_the_user_refreshes(service: Service, work: Work) -> None:
    session = botocore.session.Session()
    session._credentials = DeferredRefreshableCredentials(lambda: credentials(work), "custom")

    client(service, session=boto3.Session(botocore_session=session)).list_tables()


@call
def event_handler(service: Service, work: Work) -> None:
    dynamodb = client(service, **KEYS)
    dynamodb.meta.events.register("before-call.dynamodb", lambda **_: work() and None)

    dynamodb.list_tables()


@call
def client_with_methods_of_its_own(service: Service, work: Work) -> None:
    class Mixin:
        def _make_api_call(self, *args: Any) -> Any:
            return super()._make_api_call(*args)  # type: ignore[misc]

    session = boto3.Session()
    session.events.register(
        "creating-client-class.dynamodb", lambda base_classes, **_: base_classes.insert(0, Mixin)
    )
    dynamodb = client(service, session=session, **KEYS)
    dynamodb.meta.events.register("before-send.dynamodb", lambda **_: work() and None)

    dynamodb.list_tables()


@call
def function_around_that_of_the_client(service: Service, work: Work) -> None:
    """As tests put one there."""
    make_api_call = botocore.client.BaseClient._make_api_call

    def around(self: Any, operation: str, parameters: Any) -> Any:
        return make_api_call(self, operation, parameters)

    botocore.client.BaseClient._make_api_call = around
    try:
        event_handler(service, work)
    finally:
        botocore.client.BaseClient._make_api_call = make_api_call


@call
def coroutine_as_event_handler(service: Service, work: Work) -> None:
    async def handle(**_: Any) -> None:
        work()

    async def main() -> None:
        async with async_client(service, get_session(), **KEYS) as dynamodb:
            dynamodb.meta.events.register("before-call.dynamodb", handle)
            await dynamodb.list_tables()

    asyncio.run(main())


@call
def credentials_that_a_coroutine_refreshes(service: Service, work: Work) -> None:
    async def refresh() -> dict[str, str]:
        return credentials(work)

    async def main() -> None:
        session = get_session()
        session._credentials = AioDeferredRefreshableCredentials(refresh, "custom")
        async with async_client(service, session) as dynamodb:
            await dynamodb.list_tables()

    asyncio.run(main())


def names(daemon: Daemon) -> dict[str, str | None]:
    documents = daemon.subsegments()
    known = {document["id"]: document["name"] for document in documents}
    return {document["name"]: known.get(document["parent_id"]) for document in documents}


@pytest.mark.parametrize("run", CALLS)
def test_an_aws_call_by_the_users_code(run: Call, service: Service, daemon: Daemon) -> None:
    streams = client(service, "kinesis", **KEYS)

    run(service, streams.list_streams)

    assert names(daemon) == {"dynamodb": None, "kinesis": "dynamodb"}
    parents = [header["Parent"] for header in service.trace_headers()]
    assert parents == [daemon.subsegment("kinesis")["id"], daemon.subsegment("dynamodb")["id"]]


@pytest.mark.parametrize("run", CALLS)
def test_a_request_by_the_users_code(run: Call, service: Service, server: HttpServer, daemon: Daemon) -> None:
    run(service, lambda: requests.get(server.url()))

    assert names(daemon) == {"dynamodb": None, "127.0.0.1": "dynamodb"}
    [value] = server.last.trace_headers
    assert TraceHeader.from_header_str(value).parent == daemon.subsegment("127.0.0.1")["id"]


@pytest.mark.parametrize("run", CALLS)
def test_where_nothing_is_recorded_each_carries_the_header(
    run: Call, service: Service, server: HttpServer, daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(sampled=0)

    run(service, lambda: requests.get(server.url()))

    assert server.last.trace_headers == [invocation.header]
    assert [request.headers["x-amzn-trace-id"] for request in service.received] == [invocation.header]
    assert daemon.subsegments() == []


@pytest.mark.parametrize("run", CALLS)
def test_what_the_users_code_raises_leaves_the_next_calls_recorded(
    run: Call, service: Service, daemon: Daemon
) -> None:
    class OutOfStock(BaseException):
        pass

    def work() -> None:
        raise OutOfStock

    with xray_recorder.in_subsegment("handler"):
        with pytest.raises(OutOfStock):
            run(service, work)
        client(service, "kinesis", **KEYS).list_streams()

    assert names(daemon) == {"handler": None, "dynamodb": "handler", "kinesis": "handler"}


def test_a_body_that_is_fetched_when_it_is_read(service: Service, server: HttpServer, daemon: Daemon) -> None:
    class Lazy(io.RawIOBase):
        content: io.BytesIO | None = None

        def _fetched(self) -> io.BytesIO:
            if self.content is None:
                self.content = io.BytesIO(requests.get(server.url()).content)
            return self.content

        def read(self, size: int = -1) -> bytes:
            return self._fetched().read(size)

        def seek(self, *args: int) -> int:
            return self._fetched().seek(*args)

        def tell(self) -> int:
            return self._fetched().tell()

    service.answer = Answer(body=b"")

    client(service, "s3", **KEYS).put_object(Bucket="bucket", Key="key", Body=Lazy())

    assert names(daemon) == {"s3": None, "127.0.0.1": "s3"}


def test_what_botocore_asks_for_its_own_credentials_is_the_call(
    service: Service, daemon: Daemon, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    role = "arn:aws:iam::123456789012:role/orders"
    config.write_text(
        f"[profile p]\nrole_arn={role}\ncredential_source=Environment\nregion={REGION}\n"
        f"endpoint_url={service.url}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    result = (
        b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId>"
        b"<SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>"
        b"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    service.answer = lambda request: Answer(body=result if b"AssumeRole" in request.body else b"{}")

    client(service, session=boto3.Session(profile_name="p")).list_tables()

    assert names(daemon) == {"dynamodb": None}
    assert {header["Parent"] for header in service.trace_headers()} == {daemon.subsegment("dynamodb")["id"]}
    assert len(service.received) == 2
