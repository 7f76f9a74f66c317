"""The parts of boto3 that a wrapper typically breaks: streams, transfers, pages, waiters, resources, stubs.

Against moto where it can do it; what it cannot is answered by a stand-in, which says so.
"""

from __future__ import annotations

import contextvars
import io
import urllib.request

import pytest

from lambda_tracer import xray_recorder
from lambda_tracer.patches.aws import call as aws_call
from tests.daemon import Daemon
from tests.patches.aws.calls import SECRET, names
from tests.patches.aws.libraries import REGION, client
from tests.patches.aws.servers import Answer, Service, moto

pytest.importorskip("moto", reason="moto[server] is not installed")
pytest.importorskip("boto3", reason="boto3 is not installed")

pytestmark = pytest.mark.usefixtures("boto_patched")


def test_a_streaming_body_is_left_to_the_caller(daemon: Daemon, name: str) -> None:
    from botocore.response import StreamingBody

    s3 = client("s3", moto())
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="key", Body=io.BytesIO(SECRET.encode()))
    daemon.clear()

    body = s3.get_object(Bucket=name, Key="key")["Body"]

    daemon.expect_tree("s3")
    assert isinstance(body, StreamingBody)
    assert body.read(6) == b"canary"
    assert body.read() == SECRET[6:].encode()
    assert SECRET.encode() not in b"".join(daemon.datagrams())


def test_an_event_stream_is_left_to_the_caller(service: Service, daemon: Daemon) -> None:
    """The stand-in answers with an empty stream, as moto does not stream."""
    service.answer = Answer(200, b"", {"Content-Type": "application/vnd.amazon.eventstream"})

    response = client("s3", service.url).select_object_content(
        Bucket="bucket",
        Key="key",
        Expression=f"SELECT '{SECRET}'",
        ExpressionType="SQL",
        InputSerialization={"CSV": {}},
        OutputSerialization={"CSV": {}},
    )

    assert type(response["Payload"]).__name__ == "EventStream"
    assert list(response["Payload"]) == []
    assert daemon.subsegment("s3")["aws"]["key"] == "key"
    assert SECRET.encode() not in b"".join(daemon.datagrams())


def test_each_part_of_a_transfer_is_below_the_subsegment_that_started_it(daemon: Daemon, name: str) -> None:
    from boto3.s3.transfer import TransferConfig

    s3 = client("s3", moto())
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    daemon.clear()
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=3)
    content = SECRET.encode() + bytes(11 << 20)

    with xray_recorder.in_subsegment("upload") as upload:
        s3.upload_fileobj(io.BytesIO(content), name, "big", Config=config)
    got = io.BytesIO()
    with xray_recorder.in_subsegment("download") as download:
        s3.download_fileobj(name, "big", got, Config=config)

    assert got.getvalue() == content
    calls = [each for each in daemon.subsegments() if each["name"] == "s3"]
    uploading = [each for each in calls if each["parent_id"] == upload.id]
    downloading = [each for each in calls if each["parent_id"] == download.id]
    assert len(uploading) + len(downloading) == len(calls)
    assert sorted(names(uploading)) == [
        "s3.CompleteMultipartUpload",
        "s3.CreateMultipartUpload",
        "s3.UploadPart",
        "s3.UploadPart",
        "s3.UploadPart",
    ]
    parts = [each["aws"]["part_number"] for each in uploading if each["aws"]["operation"] == "UploadPart"]
    assert sorted(parts) == [1, 2, 3]
    assert names(downloading).count("s3.GetObject") == 3


def test_each_page_is_a_subsegment(daemon: Daemon, name: str) -> None:
    ssm = client("ssm", moto())
    for number in range(3):
        ssm.put_parameter(Name=f"/{name}/{number}", Value=SECRET, Type="String")
    daemon.clear()
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path=f"/{name}", PaginationConfig={"PageSize": 2}
    )

    with xray_recorder.in_subsegment("read"):
        found = [parameter["Name"] for page in pages for parameter in page["Parameters"]]

    assert len(found) == 3
    daemon.expect_tree("""
        read
          ssm
          ssm
    """)


def test_each_check_of_a_waiter_is_a_subsegment(daemon: Daemon, name: str) -> None:
    dynamodb = client("dynamodb", moto())
    waiter = dynamodb.get_waiter("table_not_exists")

    with xray_recorder.in_subsegment("wait"):
        waiter.wait(TableName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 2})

    daemon.expect_tree("""
        wait
          dynamodb  error ResourceNotFoundException
    """)


def test_resources_are_traced(daemon: Daemon, name: str) -> None:
    import boto3

    from tests.patches.aws.libraries import CREDENTIALS

    dynamodb = boto3.resource("dynamodb", region_name=REGION, endpoint_url=moto(), **CREDENTIALS)
    table = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    daemon.clear()

    with table.batch_writer() as batch:
        for number in range(3):
            batch.put_item({"id": f"{SECRET}{number}"})

    (call,) = daemon.subsegments()
    assert (call["aws"]["table_names"], call["aws"]["item_count"]) == ([name], 3)


def test_a_value_that_boto3_cannot_convert_is_not_quoted(daemon: Daemon) -> None:
    import boto3

    from tests.patches.aws.libraries import CREDENTIALS

    table = boto3.resource("dynamodb", region_name=REGION, endpoint_url=moto(), **CREDENTIALS).Table("t")

    with pytest.raises(TypeError, match=SECRET):
        table.put_item(Item={"id": type("Odd", (), {"__repr__": lambda self: SECRET})()})

    daemon.expect_tree("dynamodb  fault TypeError")
    assert SECRET.encode() not in b"".join(daemon.datagrams())


def test_a_query_string_in_a_connection_error_is_not_recorded(daemon: Daemon) -> None:
    s3 = client("s3", "http://127.0.0.1:1")

    with pytest.raises(Exception, match=SECRET):
        s3.list_objects_v2(Bucket="bucket", StartAfter=SECRET)

    daemon.expect_tree("s3  fault EndpointConnectionError")
    assert SECRET.encode() not in b"".join(daemon.datagrams())


def test_presigning_is_no_call(daemon: Daemon, name: str) -> None:
    s3 = client("s3", moto())
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="key", Body=b"content")
    daemon.clear()

    url = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "key"})
    post = s3.generate_presigned_post(name, "key")

    assert daemon.subsegments() == []
    assert "trace" not in url.lower()
    assert post["fields"]["key"] == "key"
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"content"


def test_tracers_own_calls_are_not_recorded(service: Service, daemon: Daemon) -> None:
    service.answer = Answer(body={})
    xray = client("xray", service.url)

    xray.put_trace_segments(TraceSegmentDocuments=["{}"])
    xray.get_sampling_rules()
    xray.get_trace_summaries(StartTime=0, EndTime=1)

    assert names(daemon.subsegments()) == ["xray.GetTraceSummaries"]


def test_a_clients_own_event_handlers_still_run(daemon: Daemon) -> None:
    seen: list[str] = []
    dynamodb = client("dynamodb", moto())
    dynamodb.meta.events.register("before-call.dynamodb.*", lambda **_: seen.append("before"))
    dynamodb.meta.events.register("after-call.dynamodb.*", lambda **_: seen.append("after"))

    dynamodb.list_tables()

    assert seen == ["before", "after"]
    daemon.expect_tree("dynamodb")


def test_a_stubbed_client_is_traced_as_if_it_had_called(daemon: Daemon) -> None:
    from botocore.stub import Stubber

    dynamodb = client("dynamodb", moto())
    with Stubber(dynamodb) as stubber:
        stubber.add_client_error("put_item", "ThrottlingException", http_status_code=400)
        with pytest.raises(dynamodb.exceptions.ClientError):
            dynamodb.put_item(TableName="orders", Item={"id": {"S": SECRET}})

    subsegment = daemon.subsegment("dynamodb")
    assert [flag for flag in ("fault", "error", "throttle") if subsegment.get(flag)] == ["error", "throttle"]
    assert SECRET.encode() not in b"".join(daemon.datagrams())


def test_an_unknown_operation_raises_as_it_does_untraced(daemon: Daemon) -> None:
    dynamodb = client("dynamodb", moto())

    with pytest.raises(Exception, match="NoSuchOperation") as raised:
        dynamodb._make_api_call("NoSuchOperation", {})

    assert type(raised.value).__name__ == "OperationNotFoundError"
    daemon.expect_tree("dynamodb  fault OperationNotFoundError")


def test_a_call_that_is_abandoned_ends_without_a_fault_wherever_that_is(daemon: Daemon) -> None:
    """The garbage collector closes a coroutine in whatever context it runs."""
    call = aws_call.new_call(client("dynamodb", moto()), "_make_api_call", ("ListTables", {}), {})
    assert call is not None

    contextvars.copy_context().run(call.open)
    call.close(GeneratorExit())

    daemon.expect_tree("dynamodb")
