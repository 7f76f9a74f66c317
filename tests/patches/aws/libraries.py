"""The libraries that call AWS, each behind the same handful of methods, for the contract that all of them keep."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

CREDENTIALS: dict[str, Any] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI"}
REGION = "eu-west-1"


class Library:
    """How one library is used; what it makes of an error is an outcome like any other."""

    name: str
    """What it is called in `patch`."""

    targets: tuple[tuple[str, str, str], ...]
    """What is replaced: module, class, function."""

    validates = True
    """Whether it checks parameters before it sends them."""

    def describe(
        self,
        url: str,
        *tables: Any,
        read_timeout_s: float = 20,
        retries: int = 0,
        before: Callable[[], Any] = lambda: None,
    ) -> list[Any]:
        """DescribeTable for each table, at the same time when there are several: what came back or was raised.

        `before` is called when the client has been made and nothing been sent.
        """
        raise NotImplementedError

    def put(self, url: str, table: str, value: Any) -> Any:
        """PutItem with `value` in the item; what came back or was raised."""
        raise NotImplementedError


class Botocore(Library):
    name = "botocore"
    targets = (
        ("botocore.client", "BaseClient", "_make_api_call"),
        ("botocore.endpoint", "Endpoint", "prepare_request"),
    )

    def describe(
        self,
        url: str,
        *tables: Any,
        read_timeout_s: float = 20,
        retries: int = 0,
        before: Callable[[], Any] = lambda: None,
    ) -> list[Any]:
        client = dynamodb(url, read_timeout_s, retries)
        before()
        try:
            return _each(lambda table: client.describe_table(TableName=table), tables)
        finally:
            client.close()

    def put(self, url: str, table: str, value: Any) -> Any:
        client = dynamodb(url)
        try:
            item = {"id": {"S": value}}
            return _outcome(lambda _: client.put_item(TableName=table, Item=item), None)
        finally:
            client.close()


class Aiobotocore(Library):
    name = "aiobotocore"
    targets = (
        ("aiobotocore.client", "AioBaseClient", "_make_api_call"),
        ("aiobotocore.endpoint", "AioEndpoint", "create_request"),
    )

    def describe(
        self,
        url: str,
        *tables: Any,
        read_timeout_s: float = 20,
        retries: int = 0,
        before: Callable[[], Any] = lambda: None,
    ) -> list[Any]:
        async def main() -> list[Any]:
            async with self.client(url, read_timeout_s, retries) as client:
                before()
                calls = [client.describe_table(TableName=table) for table in tables]
                return await asyncio.gather(*calls, return_exceptions=True)

        return asyncio.run(main())

    def put(self, url: str, table: str, value: Any) -> Any:
        async def main() -> Any:
            async with self.client(url) as client:
                return await client.put_item(TableName=table, Item={"id": {"S": value}})

        return _outcome(lambda _: asyncio.run(main()), None)

    def client(
        self, url: str, read_timeout_s: float = 20, retries: int = 0, service: str = "dynamodb"
    ) -> Any:
        """What `async with` makes a client of."""
        from aiobotocore.config import AioConfig

        config = AioConfig(read_timeout=read_timeout_s, retries={"max_attempts": retries})
        return _aio_session().create_client(
            service, region_name=REGION, endpoint_url=url, config=config, **CREDENTIALS
        )


class Pynamodb(Library):
    name = "pynamodb"
    targets = Botocore.targets
    validates = False

    def describe(
        self,
        url: str,
        *tables: Any,
        read_timeout_s: float = 20,
        retries: int = 0,
        before: Callable[[], Any] = lambda: None,
    ) -> list[Any]:
        connection = self._connection(url, read_timeout_s, retries)
        try:
            before()
            return _each(connection.describe_table, tables)
        finally:
            connection.client.close()

    def put(self, url: str, table: str, value: Any) -> Any:
        from pynamodb.connection.base import MetaTable

        connection = self._connection(url)
        keys = [{"AttributeName": "id", "KeyType": "HASH"}]
        definitions = [{"AttributeName": "id", "AttributeType": "S"}]
        connection.add_meta_table(
            MetaTable({"TableName": table, "KeySchema": keys, "AttributeDefinitions": definitions})
        )
        try:
            return _outcome(lambda _: connection.put_item(table, value), None)
        finally:
            connection.client.close()

    def _connection(self, url: str, read_timeout_s: float = 20, retries: int = 0) -> Any:
        from pynamodb.connection import Connection

        connection: Any = Connection(
            region=REGION,
            host=url,
            read_timeout_seconds=read_timeout_s,
            max_retry_attempts=retries,
            **CREDENTIALS,
        )
        # Each of its connections would read the service's model anew.
        connection.session.register_component("data_loader", _loader())
        assert connection.client  # made on first use otherwise
        return connection


LIBRARIES = (Botocore(), Aiobotocore(), Pynamodb())


def dynamodb(url: str, read_timeout_s: float = 20, retries: int = 0) -> Any:
    return client("dynamodb", url, read_timeout=read_timeout_s, retries={"max_attempts": retries})


def client(service: str, url: str, **config: Any) -> Any:
    """A boto3 client; for S3, one that names buckets in the path."""
    from botocore.config import Config

    config.setdefault("retries", {"max_attempts": 0})
    config.setdefault("s3", {"addressing_style": "path"})
    return _boto3_session().client(
        service,
        region_name=REGION,
        endpoint_url=url,
        config=Config(**config),
        **CREDENTIALS,
    )


# One session for all tests: it keeps the services' models, which take most of the time that a client takes.
@functools.cache
def _boto3_session() -> Any:
    import boto3

    return boto3.session.Session()


@functools.cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


@functools.cache
def _aio_session() -> Any:
    from aiobotocore.session import get_session

    return get_session()


def _each(call: Callable[[Any], Any], tables: tuple[Any, ...]) -> list[Any]:
    if len(tables) == 1:
        return [_outcome(call, tables[0])]
    with ThreadPoolExecutor(len(tables)) as pool:
        return list(pool.map(functools.partial(_outcome, call), tables))


def _outcome(call: Callable[[Any], Any], argument: Any) -> Any:
    try:
        return call(argument)
    except Exception as error:
        return error
