"""The parts of aiobotocore that a wrapper typically breaks: streams, pages, waiters, cancelled calls."""

from __future__ import annotations

import asyncio

import pytest

from tests.daemon import Daemon
from tests.patches.aws.calls import SECRET
from tests.patches.aws.libraries import REGION, Aiobotocore, client
from tests.patches.aws.servers import Service, moto

pytest.importorskip("moto", reason="moto[server] is not installed")
pytest.importorskip("boto3", reason="boto3 is not installed")

pytestmark = pytest.mark.usefixtures("boto_patched")


def test_aiobotocore_streams_stay_with_the_caller(daemon: Daemon, name: str) -> None:
    s3 = client("s3", moto())
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="key", Body=SECRET.encode())
    daemon.clear()

    async def main() -> bytes:
        async with Aiobotocore().client(moto(), service="s3") as aio:
            response = await aio.get_object(Bucket=name, Key="key")
            daemon.expect_tree("s3")
            async with response["Body"] as body:
                content: bytes = await body.read()
                return content

    assert asyncio.run(main()) == SECRET.encode()
    assert daemon.subsegment("s3")["aws"]["bucket_name"] == name
    assert SECRET.encode() not in b"".join(daemon.datagrams())


def test_aiobotocore_pages_and_waiters(daemon: Daemon, name: str) -> None:
    async def main() -> list[str]:
        async with Aiobotocore().client(moto(), service="ssm") as ssm:
            for number in range(3):
                await ssm.put_parameter(Name=f"/{name}/{number}", Value=SECRET, Type="String")
            daemon.clear()
            pages = ssm.get_paginator("get_parameters_by_path").paginate(
                Path=f"/{name}", PaginationConfig={"PageSize": 2}
            )
            found = [parameter["Name"] async for page in pages for parameter in page["Parameters"]]
        async with Aiobotocore().client(moto()) as dynamodb:
            waiter = dynamodb.get_waiter("table_not_exists")
            await waiter.wait(TableName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 2})
        return found

    assert len(asyncio.run(main())) == 3
    daemon.expect_tree("""
        ssm
        ssm
        dynamodb  error ResourceNotFoundException
    """)


def test_a_cancelled_aiobotocore_call_is_a_fault(service: Service, daemon: Daemon) -> None:
    service.answer = service.hang

    async def main() -> None:
        async with Aiobotocore().client(service.url) as aio:
            call = asyncio.create_task(aio.describe_table(TableName="orders"))
            while not service.received:
                await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(main())

    daemon.expect_tree("dynamodb  fault CancelledError")
