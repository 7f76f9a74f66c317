"""Requests to AWS are signed as without us: what we add is no part of the signature.

No test here talks to AWS, whose check nobody can run elsewhere. The stand-in is a fake that does what AWS documents
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html): it makes the canonical
request of what arrived, with the headers that the signature names, signs that with the same secret, and compares. It
signs by botocore's own code: what it shows is that nothing that was signed has changed, and that nothing of ours was.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from lambda_tracer import xray_recorder
from lambda_tracer.trace import running, w3c
from tests.daemon import Daemon
from tests.patches.aws.libraries import CREDENTIALS, Aiobotocore, client
from tests.patches.aws.servers import Answer, Received, Service, error

pytest.importorskip("boto3", reason="boto3 is not installed")
pytest.importorskip("aiobotocore", reason="aiobotocore is not installed")

import botocore
import botocore.auth
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

pytestmark = pytest.mark.usefixtures("boto_patched")

OURS = {"x-amzn-trace-id", *w3c.NAMES}


def verdict(received: Received) -> str:
    """What AWS would say of a request's signature: valid, unsigned, or what is wrong with it."""
    query = dict(parse_qsl(urlsplit(received.path).query))
    if "X-Amz-Signature" in query:
        scope, signed, given = (
            query[f"X-Amz-{name}"] for name in ("Credential", "SignedHeaders", "Signature")
        )
        timestamp = query["X-Amz-Date"]
    elif "authorization" in received.headers:
        fields = dict(
            part.split("=", 1) for part in received.headers["authorization"].partition(" ")[2].split(", ")
        )
        scope, signed, given = fields["Credential"], fields["SignedHeaders"], fields["Signature"]
        timestamp = received.headers["x-amz-date"]
    else:
        return "unsigned"
    if OURS & set(signed.split(";")):
        return "ours is signed"
    body_hash = received.headers.get("x-amz-content-sha256", "")
    if len(body_hash) == 64 and body_hash != hashlib.sha256(received.body).hexdigest():
        return "the body has changed"
    return (
        "valid"
        if given == signature(received, scope, signed, timestamp, bool(query))
        else "the signature differs"
    )


def signature(received: Received, scope: str, signed: str, timestamp: str, is_query: bool) -> str:
    _, _, region, service, _ = scope.split("/")
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        Credentials(CREDENTIALS["aws_access_key_id"], CREDENTIALS["aws_secret_access_key"]), service, region
    )
    url = f"http://{received.headers['host']}{received.path}"
    if is_query:
        url = url.partition("&X-Amz-Signature=")[0]
    headers = {name: received.headers[name] for name in signed.split(";")}
    if "x-amz-content-sha256" not in headers and is_query:
        headers["X-Amz-Content-SHA256"] = "UNSIGNED-PAYLOAD"
    request = AWSRequest(received.method, url, headers, received.body)
    request.context["timestamp"] = timestamp
    canonical = signer.canonical_request(request)
    if is_query:  # as a presigned URL has it: said by no header
        canonical = canonical.replace("x-amz-content-sha256:UNSIGNED-PAYLOAD\n", "").replace(
            ";x-amz-content-sha256", ""
        )
    found: str = signer.signature(signer.string_to_sign(request, canonical), request)
    return found


@pytest.fixture
def checking(service: Service, daemon: Daemon) -> Service:
    """The stand-in, which refuses what is signed wrongly."""

    def answer(received: Received) -> Answer:
        found = verdict(received)
        if found not in ("valid", "unsigned"):
            return error(403, found)
        return Answer(body=b"" if received.path.startswith("/bucket") else {})

    service.answer = answer
    came = {"traceparent": traceparent("b" * 16), "tracestate": "vendor=1", "baggage": "tenant=7,plan=free"}
    running.current().incoming = came
    return service


def traceparent(parent: str) -> str:
    return f"00-{running.current().trace_id[2:].replace('-', '')}-{parent}-01"


def expect_ours(received: Received, parent: str) -> None:
    """The request has our headers, each once."""
    assert f"Parent={parent};" in received.headers["x-amzn-trace-id"]
    assert [received.headers.get(name) for name in w3c.NAMES] == [
        traceparent(parent),
        "vendor=1",
        "tenant=7,plan=free",
    ]


def s3_without_its_body(url: str) -> Any:
    s3 = client("s3", url, s3={"addressing_style": "path", "payload_signing_enabled": False})
    return s3.put_object(Bucket="bucket", Key="key", Body=io.BytesIO(b"one"))


CALLS: dict[str, Callable[[str], Any]] = {
    "dynamodb": lambda url: client("dynamodb", url).describe_table(TableName="orders"),
    "sqs": lambda url: client("sqs", url).send_message(QueueUrl=f"{url}/1/orders", MessageBody="one"),
    "lambda": lambda url: client("lambda", url).invoke(FunctionName="pay", Payload=b"{}"),
    "s3": lambda url: client("s3", url).get_object(Bucket="bucket", Key="a key/with=odd+characters~"),
    "s3 bytes": lambda url: client("s3", url).put_object(Bucket="bucket", Key="key", Body=b"one"),
    "s3 stream": lambda url: client("s3", url).put_object(
        Bucket="bucket", Key="key", Body=io.BytesIO(b"one")
    ),
    "s3 without its body": s3_without_its_body,
}


@pytest.mark.parametrize("call", CALLS)
def test_a_signed_call_stays_valid_with_our_headers(checking: Service, daemon: Daemon, call: str) -> None:
    result = CALLS[call](checking.url)

    (received,) = checking.received
    assert result["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert verdict(received) == "valid"
    expect_ours(received, daemon.subsegment(call.partition(" ")[0])["id"])


def test_a_retry_is_signed_anew_and_stays_valid(checking: Service, daemon: Daemon) -> None:
    answers = iter([error(500, "InternalServerError"), Answer()])
    checking.answer = lambda received: next(answers)

    client("dynamodb", checking.url, retries={"max_attempts": 1}).describe_table(TableName="orders")

    call = daemon.subsegment("dynamodb")
    assert [verdict(received) for received in checking.received] == ["valid", "valid"]
    for received in checking.received:
        expect_ours(received, call["id"])


async def put_with_aiobotocore(url: str) -> Any:
    async with Aiobotocore().client(url, service="s3") as s3:
        return await s3.put_object(Bucket="bucket", Key="key", Body=b"one")


def test_aiobotocores_calls_stay_valid(checking: Service, daemon: Daemon) -> None:
    result = asyncio.run(put_with_aiobotocore(checking.url))

    assert result["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert verdict(checking.received[0]) == "valid"
    expect_ours(checking.received[0], daemon.subsegment("s3")["id"])


def test_releases_that_know_none_of_our_headers_do_not_sign_them(
    checking: Service, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore has had W3C's in its list of what is not signed for a while, and X-Ray's for longer."""
    monkeypatch.setattr(botocore.auth, "SIGNED_HEADERS_BLACKLIST", ["expect", "user-agent"])

    CALLS["s3 bytes"](checking.url)
    asyncio.run(put_with_aiobotocore(checking.url))

    assert [verdict(received) for received in checking.received] == ["valid", "valid"]
    for received, call in zip(checking.received, daemon.subsegments(), strict=True):
        expect_ours(received, call["id"])


def test_an_unsigned_call_gets_our_headers(checking: Service, daemon: Daemon) -> None:
    client("s3", checking.url, signature_version=botocore.UNSIGNED).get_object(Bucket="bucket", Key="key")

    assert verdict(checking.received[0]) == "unsigned"
    expect_ours(checking.received[0], daemon.subsegment("s3")["id"])


def test_a_presigned_url_says_nothing_of_us_and_stays_valid(checking: Service, daemon: Daemon) -> None:
    xray_recorder.patch(["httplib"])
    s3 = client("s3", checking.url, signature_version="s3v4")

    url = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "key"})
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.status == 200

    assert not any(name in url.lower() for name in OURS)
    (received,) = checking.received
    assert verdict(received) == "valid"
    assert OURS & received.headers.keys() == {"x-amzn-trace-id"}
    daemon.expect_tree("127.0.0.1")


def test_a_header_that_is_there_stays_alone(checking: Service, daemon: Daemon) -> None:
    """OpenTelemetry's instrumentor of botocore puts it where we do; a user may, by an event of botocore's."""
    mine = f"00-{'a' * 32}-{'b' * 16}-01"
    dynamodb = client("dynamodb", checking.url)
    dynamodb.meta.events.register(
        "request-created.dynamodb", lambda request, **_: request.headers.add_header("TraceParent", mine)
    )

    dynamodb.describe_table(TableName="orders")

    (received,) = checking.received
    assert [received.headers.get(name) for name in w3c.NAMES] == [mine, None, "tenant=7,plan=free"]
    assert verdict(received) == "valid"
    daemon.expect_tree("dynamodb")


def test_the_stand_in_notices_a_header_that_was_signed_and_has_changed(
    checking: Service, daemon: Daemon
) -> None:
    dynamodb = client("dynamodb", checking.url)
    dynamodb.meta.events.register(
        "before-send.dynamodb", lambda request, **_: request.headers.__setitem__("X-Amz-Target", "Other.Call")
    )

    with pytest.raises(Exception, match="the signature differs"):
        dynamodb.describe_table(TableName="orders")

    daemon.clear()
