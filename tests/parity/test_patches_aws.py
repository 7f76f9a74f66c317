"""The same AWS calls with the X-Ray SDK's patches and with ours, on the same moto server, and all that shows compared.

A library is used on each side in a process of its own: `python -m tests.parity.test_patches_aws side library url`.
DIFFERENCES lists where we mean to differ, and why.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.documents import violations
from tests.parity import lab, run_side
from tests.parity.normal import ABSENT, Leaf, leaves, normal
from tests.patches.aws.libraries import LIBRARIES, REGION, Aiobotocore, Library, Pynamodb, client
from tests.patches.aws.servers import Answer, error, moto, running_service

pytestmark = pytest.mark.slow

SIDES = ("powertools", "lambda_tracer")
PATIENCE_S = 200
TABLE = "orders"
BUCKET = "files"
SECRET = "canary-90b2"


class Difference(NamedTuple):
    """`what` differs, the `reason` why we want it so, and whether a differing value `is_shown_by` it."""

    what: str
    reason: str
    is_shown_by: Callable[[Leaf], bool]


def _only_ours(*keys: str) -> Callable[[Leaf], bool]:
    return lambda leaf: leaf.theirs == ABSENT and any(key in leaf.path for key in keys)


def _only_theirs(*keys: str) -> Callable[[Leaf], bool]:
    return lambda leaf: leaf.ours == ABSENT and any(key in leaf.path for key in keys)


def _either(*ways: Callable[[Leaf], bool]) -> Callable[[Leaf], bool]:
    return lambda leaf: any(way(leaf) for way in ways)


DIFFERENCES = {
    "a-4xx-is-no-fault": Difference(
        "an answer with a 4xx status is an error, not a fault as well",
        "X-Ray's fault is the server's; there every condition that is not met counts as one",
        lambda leaf: leaf.path[-1] == "fault" and leaf.theirs is True and leaf.ours == ABSENT,
    ),
    "throttling-by-its-code": Difference(
        "a throttled call is throttle and error",
        "DynamoDB and others throttle with status 400; there only 429 counts",
        lambda leaf: leaf.path[-1] == "throttle" and leaf.ours is True,
    ),
    "no-answer-is-a-fault": Difference(
        "a call that got no answer, or could not be made, is a fault with its cause",
        "there it looks like one that went well",
        _only_ours("fault", "cause"),
    ),
    "frames-from-the-call-down": Difference(
        "the stack begins where the library was called",
        "there it is filled up with the frames of the handler and the runtime, which the parent has",
        lambda leaf: leaf.path[-1] in ("stack", "truncated"),
    ),
    "more-is-recorded": Difference(
        "what a call is about is recorded for every service and operation, with the size of batches",
        "there most services, and many operations of the others, show nothing but their name",
        lambda leaf: (
            leaf.path[2:3] == ("aws",)
            and leaf.theirs == ABSENT
            and isinstance(leaf.ours, (str, int, list, dict))
        ),
    ),
    "names-are-a-list": Difference(
        "names of tables and attributes are a list",
        "there the text `dict_keys([...])` is sent",
        lambda leaf: isinstance(leaf.ours, list) and leaf.theirs == f"dict_keys({leaf.ours!r})",
    ),
    "one-name-for-a-bucket": Difference(
        "the bucket that is copied to is `bucket_name`, as for every other operation",
        "there it alone is `bucket`, and what is copied is a raw parameter",
        lambda leaf: leaf.path[2:] in (("aws", "bucket"), ("aws", "bucket_name"), ("aws", "copy_source")),
    ),
    "no-values": Difference(
        "of queue attributes only the names are recorded, of failed batch entries the number",
        "attributes hold policies and keys",
        _only_theirs("attributes", "failed"),
    ),
    "definitions-by-name": Difference(
        "of a table's indexes and attributes the names are recorded",
        "the definitions are large, and the same with every call",
        lambda leaf: leaf.path[3:4] == ("attribute_definitions",),
    ),
    "no-empty-request-id": Difference(
        "a request id that is not known is left out",
        "there it is null, which X-Ray does not accept",
        lambda leaf: leaf.path[-1] == "request_id" and leaf.theirs in (None, ""),
    ),
    "a-failed-function-is-a-fault": Difference(
        "Invoke of a function that raised is a fault",
        "there it looks like one that went well",
        lambda leaf: leaf.path[-1] == "fault" and leaf.theirs == ABSENT,
    ),
    "host-id-of-errors": Difference(
        "S3's second request id is recorded for errors too",
        "it is what AWS Support asks for, most of all with errors",
        _only_ours("id_2"),
    ),
    "unsampled-parent": Difference(
        "an unsampled call sends the parent that came with the invocation",
        "there it sends a parent of zeros, which is no segment's id",
        lambda leaf: "Parent=<zeros>;Sampled=0" in str(leaf.theirs) and "Sampled=0" in str(leaf.ours),
    ),
    "one-subsegment-a-call": Difference(
        "a call of pynamodb is one subsegment",
        "there botocore's and pynamodb's patches record it both, the inner one with a wrong region",
        _either(
            lambda leaf: leaf.path == ("datagrams",),
            lambda leaf: leaf.path == ("subsegments", "dynamodb (2)") and leaf.ours == ABSENT,
        ),
    ),
    "gathered-calls-work": Difference(
        "calls under asyncio.gather are recorded and return their results",
        "there the second to end raises AlreadyEndedException into the function",
        _either(
            lambda leaf: leaf.path[:2] == ("notes", "outcomes") and leaf.theirs == "AlreadyEndedException",
            lambda leaf: leaf.path == ("datagrams",),
            lambda leaf: leaf.path[0] == "subsegments",
        ),
    ),
}

EVERYWHERE = ("frames-from-the-call-down", "more-is-recorded")
"""Differences that any scenario may show."""


class Scenario(NamedTuple):
    """`run` gets what makes a call (service, operation, parameters), and the laboratory."""

    run: Callable[[Any, lab.Lab], None]
    differs: tuple[str, ...] = ()


def calls(service: str, *operations: tuple[str, dict[str, Any]]) -> Callable[[Any, lab.Lab], None]:
    def run(call: Any, laboratory: lab.Lab) -> None:
        for number, (operation, params) in enumerate(operations):
            laboratory.attempt(f"{number} {operation}", call, service, operation, **params)

    return run


def answered(answer: Answer, service: str, operation: str, **params: Any) -> Callable[[Any, lab.Lab], None]:
    def run(call: Any, laboratory: lab.Lab) -> None:
        with running_service() as stand_in:
            stand_in.answer = answer
            laboratory.attempt("outcome", call, service, operation, url=stand_in.url, **params)
            for received in stand_in.received:
                laboratory.note("header", received.headers.get("x-amzn-trace-id"))

    return run


def with_header(header: str | None) -> Callable[[Any, lab.Lab], None]:
    run = answered(Answer(body={}), "dynamodb", "list_tables")

    def begin_and_run(call: Any, laboratory: lab.Lab) -> None:
        laboratory.header(header)
        run(call, laboratory)

    return begin_and_run


def refused(call: Any, laboratory: lab.Lab) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        try:
            call("dynamodb", "list_tables", url=url)
        except Exception as error:
            laboratory.note("raised", type(error).__name__)


KEY = {"id": {"S": SECRET}}
HEADER = f"Root={lab.ROOT % 7};Parent={lab.PARENT % 0xF0F0000000000001};Sampled=%s;Lineage=25:a87bd80c:1"

SCENARIOS: dict[str, Scenario] = {
    "items": Scenario(
        calls(
            "dynamodb",
            ("put_item", {"TableName": TABLE, "Item": KEY}),
            (
                "get_item",
                {"TableName": TABLE, "Key": KEY, "ConsistentRead": True, "ProjectionExpression": "id"},
            ),
            ("update_item", {"TableName": TABLE, "Key": KEY, "ReturnConsumedCapacity": "TOTAL"}),
            ("scan", {"TableName": TABLE, "Limit": 5, "Segment": 0, "TotalSegments": 1}),
            ("list_tables", {"Limit": 5}),
            ("describe_table", {"TableName": TABLE}),
        ),
        ("no-empty-request-id",),  # moto's UpdateItem has none
    ),
    "batches of items": Scenario(
        calls("dynamodb", ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [KEY]}}})),
        ("names-are-a-list",),
    ),
    "a condition that is not met": Scenario(
        answered(
            error(400, "ConditionalCheckFailedException"), "dynamodb", "put_item", TableName=TABLE, Item=KEY
        ),
        ("a-4xx-is-no-fault",),
    ),
    "throttling": Scenario(
        answered(error(400, "ThrottlingException"), "dynamodb", "list_tables"),
        ("a-4xx-is-no-fault", "throttling-by-its-code"),
    ),
    "too many requests": Scenario(
        answered(error(429, "Whatever"), "dynamodb", "list_tables"), ("a-4xx-is-no-fault",)
    ),
    "a server's error": Scenario(answered(error(500, "InternalServerError"), "dynamodb", "list_tables")),
    "a refused connection": Scenario(refused, ("no-answer-is-a-fault",)),
    "invalid parameters": Scenario(
        calls("dynamodb", ("put_item", {"TableName": TABLE})), ("no-answer-is-a-fault",)
    ),
    "a table's definition": Scenario(
        calls(
            "dynamodb",
            (
                "update_table",
                {
                    "TableName": TABLE,
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2},
                },
            ),
        ),
        ("definitions-by-name",),
    ),
    "objects": Scenario(
        calls(
            "s3",
            ("put_object", {"Bucket": BUCKET, "Key": "a/b", "Body": SECRET.encode()}),
            ("get_object", {"Bucket": BUCKET, "Key": "a/b"}),
            ("list_objects_v2", {"Bucket": BUCKET, "Prefix": "a/"}),
            ("head_object", {"Bucket": BUCKET, "Key": "a/b"}),
            ("head_bucket", {"Bucket": BUCKET}),
        ),
    ),
    "a copied object": Scenario(
        calls("s3", ("copy_object", {"Bucket": BUCKET, "Key": "c", "CopySource": f"{BUCKET}/here"})),
        ("one-name-for-a-bucket",),
    ),
    "a missing object": Scenario(
        answered(Answer(404, b"", {"x-amz-id-2": "host"}), "s3", "get_object", Bucket=BUCKET, Key="gone"),
        ("a-4xx-is-no-fault", "host-id-of-errors", "no-empty-request-id"),
    ),
    "queues": Scenario(
        calls(
            "sqs",
            ("get_queue_url", {"QueueName": "queue"}),
            ("list_queues", {"QueueNamePrefix": "queue"}),
            ("send_message", {"QueueUrl": "queue", "MessageBody": SECRET, "DelaySeconds": 0}),
            ("receive_message", {"QueueUrl": "queue", "MaxNumberOfMessages": 1, "WaitTimeSeconds": 0}),
            ("send_message_batch", {"QueueUrl": "queue", "Entries": [{"Id": "1", "MessageBody": SECRET}]}),
        )
    ),
    "a queue's attributes": Scenario(
        calls(
            "sqs",
            ("get_queue_attributes", {"QueueUrl": "queue", "AttributeNames": ["All"]}),
        ),
        ("no-values",),
    ),
    "topics": Scenario(
        calls("sns", ("publish", {"TopicArn": f"arn:aws:sns:{REGION}:123456789012:topic", "Message": SECRET}))
    ),
    "an invoked function": Scenario(
        answered(
            Answer(body={}),
            "lambda",
            "invoke",
            FunctionName="f",
            InvocationType="RequestResponse",
            Qualifier="1",
        )
    ),
    "an invoked function that failed": Scenario(
        answered(
            Answer(200, {}, {"X-Amz-Function-Error": "Unhandled"}), "lambda", "invoke", FunctionName="f"
        ),
        ("a-failed-function-is-a-fault",),
    ),
    "streams": Scenario(calls("kinesis", ("list_streams", {}))),
    "secrets": Scenario(calls("secretsmanager", ("get_secret_value", {"SecretId": "secret"}))),
    "an unsampled invocation": Scenario(with_header(HEADER % 0), ("unsampled-parent",)),
    "no invocation": Scenario(with_header(None)),
}

PYNAMODB = {
    name: Scenario(SCENARIOS[name].run, (*SCENARIOS[name].differs, *more))
    for name, more in {
        "throttling": ("one-subsegment-a-call",),
        "a server's error": ("one-subsegment-a-call",),
    }.items()
}


def gathered(library: Library, laboratory: lab.Lab) -> None:
    with running_service() as service:
        outcomes = library.describe(service.url, "first", "second", "third")
    laboratory.note("outcomes", [type(outcome).__name__ for outcome in outcomes])


def main(side: str, name: str, moto_url: str) -> None:
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.1", 0))
    daemon.setblocking(False)
    address = f"127.0.0.1:{daemon.getsockname()[1]}"
    os.environ.update(AWS_XRAY_DAEMON_ADDRESS=address, LAMBDA_TASK_ROOT="/var/task")
    logging.disable(logging.CRITICAL)
    prepare(moto_url)
    api = {"powertools": run_side.powertools, "lambda_tracer": run_side.lambda_tracer}[side]()
    patch_with(side, name)
    (library,) = (each for each in LIBRARIES if each.name == name)

    def call(service: str, operation: str, url: str = moto_url, **params: Any) -> None:
        if isinstance(library, Pynamodb):
            library.describe(url, TABLE)
        elif isinstance(library, Aiobotocore):
            asyncio.run(aio_call(library, service, operation, url, params))
        else:
            boto = client(service, url)
            if params.get("QueueUrl"):
                params["QueueUrl"] = f"{moto_url}/123456789012/queue"
            try:
                getattr(boto, operation)(**params)
            finally:
                boto.close()

    seen = {}
    for scenario_name, scenario in scenarios(name).items():
        laboratory = lab.Lab(api, address)
        run = scenario.run
        run(library if run is gathered else call, laboratory)
        documents = run_side.received(daemon)
        seen[scenario_name] = {"notes": laboratory.notes, "documents": documents}
    json.dump(seen, sys.stdout)


async def aio_call(
    library: Aiobotocore, service: str, operation: str, url: str, params: dict[str, Any]
) -> None:
    if params.get("QueueUrl"):
        params["QueueUrl"] = f"{url}/123456789012/queue"
    async with library.client(url, service=service) as aio:
        response = await getattr(aio, operation)(**params)
        if "Body" in response:
            response["Body"].close()


def patch_with(side: str, library: str) -> None:
    if side == "powertools":
        from aws_xray_sdk.core import patch

        patch([library])
    else:
        from lambda_tracer import patch

        patch([library])


def prepare(url: str) -> None:
    """An empty moto, with what the scenarios use."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")):
        pass
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    types = [{"AttributeName": "id", "AttributeType": "S"}]
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    client("dynamodb", url).create_table(
        TableName=TABLE, KeySchema=schema, AttributeDefinitions=types, ProvisionedThroughput=throughput
    )
    s3 = client("s3", url)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="here", Body=b"")
    client("sqs", url).create_queue(QueueName="queue")
    client("sns", url).create_topic(Name="topic")
    client("secretsmanager", url).create_secret(Name="secret", SecretString=SECRET)


def scenarios(library: str) -> dict[str, Scenario]:
    """Those that the library can run: pynamodb only ever talks to DynamoDB."""
    if library == "pynamodb":
        return PYNAMODB
    if library == "aiobotocore":
        return {**SCENARIOS, "calls at the same time": Scenario(gathered, ("gathered-calls-work",))}
    return SCENARIOS


CASES = [(library.name, name) for library in LIBRARIES for name in scenarios(library.name)]


@pytest.fixture(scope="module")
def observed() -> dict[str, dict[str, dict[str, Any]]]:
    """What every scenario showed, by library and side. One after the other: they share a server, and reset it."""
    pytest.importorskip("aws_xray_sdk", reason="aws-xray-sdk is not installed")
    seen: dict[str, dict[str, dict[str, Any]]] = {}
    for library in LIBRARIES:
        for side in SIDES:
            done = subprocess.run(
                [sys.executable, "-m", "tests.parity.test_patches_aws", side, library.name, moto()],
                check=False,
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
            assert done.returncode == 0, f"the scenarios ended early on {side}:\n{done.stderr[-4000:]}"
            seen.setdefault(library.name, {})[side] = json.loads(done.stdout)
    return seen


def differing(observed: dict[str, dict[str, dict[str, Any]]], library: str, name: str) -> list[Leaf]:
    theirs, ours = (normal(observed[library][side][name]) for side in SIDES)
    random = ("request_id", "message_id", "version_id", "id_2")  # made up by moto
    return [
        leaf
        for leaf in leaves(theirs, ours)
        if leaf.path[-1] not in random or ABSENT in (leaf.theirs, leaf.ours) or not leaf.theirs
    ]


@pytest.mark.parametrize(("library", "name"), CASES)
def test_shows_the_same_on_both_sides_but_for_what_is_listed(
    library: str, name: str, observed: dict[str, dict[str, dict[str, Any]]]
) -> None:
    listed = {key: DIFFERENCES[key] for key in (*scenarios(library)[name].differs, *EVERYWHERE)}

    found = differing(observed, library, name)

    unlisted = [leaf for leaf in found if not any(entry.is_shown_by(leaf) for entry in listed.values())]
    assert not unlisted, "differences that are not listed:\n    " + "\n    ".join(map(str, unlisted))
    gone = [
        key for key in scenarios(library)[name].differs if not any(map(DIFFERENCES[key].is_shown_by, found))
    ]
    assert not gone, f"listed, but no longer so: {gone}"


@pytest.mark.parametrize(("library", "name"), CASES)
def test_sends_nothing_that_x_ray_would_drop_and_no_secret(
    library: str, name: str, observed: dict[str, dict[str, dict[str, Any]]]
) -> None:
    documents = observed[library]["lambda_tracer"][name]["documents"]

    assert not [rule for document in documents for rule in violations(document)]
    assert SECRET not in json.dumps(documents)


def test_every_difference_on_the_list_is_shown_by_a_scenario() -> None:
    named = {key for library, name in CASES for key in scenarios(library)[name].differs}

    assert {*named, *EVERYWHERE} == set(DIFFERENCES)


if __name__ == "__main__":
    main(*sys.argv[1:])
