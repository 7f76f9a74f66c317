"""Whatever `_X_AMZN_TRACE_ID` holds, no request fails by it: what can't be a header's value is not handed on."""

from __future__ import annotations

import asyncio
import os
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed: pip install aiohttp")
pytest.importorskip("boto3", reason="boto3 is not installed: pip install boto3")
pytest.importorskip("httpx", reason="httpx is not installed: pip install httpx")
pytest.importorskip("requests", reason="requests is not installed: pip install requests")
pytest.importorskip("urllib3", reason="urllib3 is not installed: pip install urllib3")

import aiohttp
import boto3
import httpx
import requests
import urllib3

from lambda_tracer import Tracer, patch
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.http.server import HttpServer, serving

ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
PARENT = "Parent=53995c3f42cd8ad8"
LINEAGE = "Lineage=1:a87bd80c:0"

FURTHER = [
    b"Foo=\xff\xfe",
    "Foo=日本".encode(),
    b"Foo=a\r\nX-Evil: 1",
    b"Foo=a\n b",
    b"F\noo=1",
    b"Foo=\x7f\x1b[31m",
    b"Foo=\xc2\x85",
    b"Foo",
    b"=x",
    b";;;",
    b"Foo=a b",
    b"Foo=" + b"x" * 70_000,
    b";".join(b"k%d=v" % number for number in range(10_000)),
]


def by_requests(url: str) -> None:
    requests.get(url).raise_for_status()


def by_httpx(url: str) -> None:
    httpx.get(url).raise_for_status()


def by_httpx_async(url: str) -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as client:
            (await client.get(url)).raise_for_status()

    asyncio.run(main())


def by_urllib3(url: str) -> None:
    assert urllib3.request("GET", url).status == 200


def by_aiohttp(url: str) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            response.raise_for_status()

    asyncio.run(main())


def by_urlopen(url: str) -> None:
    with urllib.request.urlopen(url) as response:
        response.read()


def by_boto3(url: str) -> None:
    boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    ).list_tables()


CALLS: list[Callable[[str], None]] = [
    by_requests,
    by_httpx,
    by_httpx_async,
    by_urllib3,
    by_aiohttp,
    by_urlopen,
    by_boto3,
]


@pytest.fixture
def server() -> Iterator[HttpServer]:
    patch(["aiohttp", "boto3", "httplib", "httpx", "requests", "urllib3"])
    with serving() as server:
        yield server
    unpatch_all()


def invoke_with(
    header: bytes, call: Callable[[str], None], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "_X_AMZN_TRACE_ID", os.fsdecode(header))
    tracer = Tracer(service="shop", disabled=False, auto_patch=False)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        call(url)

    handler({}, None)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("sampled", [1, 0])
def test_root_parent_sampled_and_lineage_survive(
    call: Callable[[str], None],
    sampled: int,
    server: HttpServer,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for further in FURTHER:
        header = f"{ROOT};{PARENT};Sampled={sampled};".encode() + further + f";{LINEAGE}".encode()

        invoke_with(header, call, server.url(), monkeypatch)

        [sent] = server.last.trace_headers
        assert sent.startswith(f"{ROOT};Parent=")
        assert f"Sampled={sampled}" in sent
        assert LINEAGE in sent
        assert len(sent) <= 4_096
        assert sent.isascii()
        assert sent.isprintable()
        assert all(name != "x-evil" for name, _ in server.last.headers)
    daemon.documents()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"garbage",
        b"\xff" * 100,
        b"Root=\xff;Parent=\xff;Sampled=1",
        b"Root=1-2;Parent=x\ny;Sampled=0;Lineage=1",
        b"Root=" + b"1" * 9_000,
        b"Root=;Parent=;Sampled=",
    ],
)
def test_what_is_no_trace_header_makes_no_request_fail(
    header: bytes,
    call: Callable[[str], None],
    server: HttpServer,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    invoke_with(header, call, server.url(), monkeypatch)

    assert len(server.received) == 1
    assert daemon.documents() == []
