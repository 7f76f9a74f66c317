"""What is recorded of the calls of particular services, and the parts of boto3 that a wrapper typically breaks.

Against moto where it can do it; what it cannot is answered by a stand-in, which says so.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import json
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from lambda_tracer.patches.aws import call as aws_call
from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.aws.libraries import REGION, Aiobotocore, client
from tests.patches.aws.servers import Answer, Service, error, moto, running_service

pytest.importorskip("moto", reason="moto[server] is not installed")
pytest.importorskip("boto3", reason="boto3 is not installed")

SECRET = "canary-5c1e"
"""Stands in every value and body that a test sends; found in no datagram."""


@pytest.fixture(autouse=True)
def _patched() -> Iterator[None]:
    xray_recorder.patch(["boto3", "aioboto3", "threads"])
    yield
    xray_recorder.unpatch_all()


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture
def name() -> str:
    """One for a resource, which moto has not seen yet."""
    return f"n{uuid.uuid4().hex[:12]}"


class Calls:
    """Makes calls of one service and shows what was recorded of each."""

    def __init__(self, service: str, daemon: Daemon) -> None:
        self.client = client(service, moto())
        self._daemon = daemon

    def __getattr__(self, operation: str) -> Any:
        def call(**params: Any) -> Any:
            self._daemon.clear()
            return getattr(self.client, operation)(**params)

        return call

    @property
    def recorded(self) -> dict[str, Any]:
        """The `aws` block of the last call, without what is in that of every call."""
        (subsegment,) = self._daemon.subsegments()
        assert SECRET.encode() not in b"".join(self._daemon.datagrams())
        aws = subsegment["aws"]
        assert aws.pop("region") == REGION
        assert aws.pop("request_id", "one")
        aws.pop("id_2", None)
        return dict(aws)


def names(subsegments: list[Document]) -> list[str]:
    return [f"{each['name']}.{each['aws']['operation']}" for each in subsegments]


# What is recorded of which service


def test_dynamodb(daemon: Daemon, name: str) -> None:
    calls = Calls("dynamodb", daemon)
    key = {"id": {"S": SECRET}}
    capacity = {"TableName": name, "CapacityUnits": 1.0}

    calls.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
    )
    assert calls.recorded == {
        "operation": "CreateTable",
        "table_name": name,
        "attribute_definitions": ["id"],
        "provisioned_throughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
    }
    calls.put_item(TableName=name, Item={**key, "card": {"S": SECRET}}, ReturnConsumedCapacity="TOTAL")
    assert calls.recorded == {"operation": "PutItem", "table_name": name, "consumed_capacity": capacity}
    calls.get_item(TableName=name, Key=key, ConsistentRead=True, ProjectionExpression="card")
    assert calls.recorded == {
        "operation": "GetItem",
        "table_name": name,
        "consistent_read": True,
        "projection_expression": "card",
    }
    calls.query(
        TableName=name,
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": SECRET}},
        Limit=5,
        ScanIndexForward=False,
        Select="ALL_ATTRIBUTES",
    )
    assert calls.recorded == {
        "operation": "Query",
        "table_name": name,
        "limit": 5,
        "scan_index_forward": False,
        "select": "ALL_ATTRIBUTES",
        "count": 1,
        "scanned_count": 1,
    }
    calls.scan(TableName=name, Segment=0, TotalSegments=2)
    assert calls.recorded.items() >= {"table_name": name, "segment": 0, "total_segments": 2}.items()
    calls.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": key}}]})
    written = calls.recorded
    assert [each["TableName"] for each in written.pop("consumed_capacity")] == [name]
    assert written == {"operation": "BatchWriteItem", "table_names": [name], "item_count": 1}
    calls.batch_get_item(RequestItems={name: {"Keys": [key]}}, ReturnConsumedCapacity="TOTAL")
    assert calls.recorded == {
        "operation": "BatchGetItem",
        "table_names": [name],
        "item_count": 1,
        "consumed_capacity": [{"TableName": name, "CapacityUnits": 1.0}],
    }
    calls.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": key}}])
    assert calls.recorded == {"operation": "TransactWriteItems", "table_names": [name], "item_count": 1}
    calls.execute_statement(Statement=f"SELECT * FROM {name} WHERE id = '{SECRET}'")
    assert calls.recorded == {"operation": "ExecuteStatement"}
    calls.list_tables(Limit=10)
    assert calls.recorded.keys() == {"operation", "limit", "table_count"}


def test_s3(daemon: Daemon, name: str) -> None:
    calls = Calls("s3", daemon)
    configuration = {"LocationConstraint": REGION}

    calls.create_bucket(Bucket=name, CreateBucketConfiguration=configuration)
    assert calls.recorded == {"operation": "CreateBucket", "bucket_name": name}
    calls.put_object(Bucket=name, Key="a/b.txt", Body=SECRET.encode())
    assert calls.recorded == {"operation": "PutObject", "bucket_name": name, "key": "a/b.txt"}
    calls.head_object(Bucket=name, Key="a/b.txt")
    assert calls.recorded == {"operation": "HeadObject", "bucket_name": name, "key": "a/b.txt"}
    calls.list_objects_v2(Bucket=name, Prefix="a/")
    assert calls.recorded == {
        "operation": "ListObjectsV2",
        "bucket_name": name,
        "prefix": "a/",
        "key_count": 1,
    }
    calls.copy_object(Bucket=name, Key="c", CopySource={"Bucket": name, "Key": "a/b.txt"})
    assert calls.recorded == {
        "operation": "CopyObject",
        "bucket_name": name,
        "key": "c",
        "copy_source": f"{name}/a/b.txt",
    }
    calls.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "c"}, {"Key": "a/b.txt"}]})
    assert calls.recorded == {"operation": "DeleteObjects", "bucket_name": name, "object_count": 2}


def test_sqs(daemon: Daemon, name: str) -> None:
    calls = Calls("sqs", daemon)

    url = calls.create_queue(QueueName=name, Attributes={"DelaySeconds": "0"})["QueueUrl"]
    assert calls.recorded == {
        "operation": "CreateQueue",
        "queue_name": name,
        "attribute_names": ["DelaySeconds"],
        "queue_url": url,
    }
    attributes = {"card": {"DataType": "String", "StringValue": SECRET}}
    calls.send_message(QueueUrl=url, MessageBody=SECRET, MessageAttributes=attributes, DelaySeconds=0)
    sent = calls.recorded
    assert sent.pop("message_id")
    assert sent == {
        "operation": "SendMessage",
        "queue_url": url,
        "message_attribute_names": ["card"],
        "delay_seconds": 0,
    }
    entries = [{"Id": str(number), "MessageBody": SECRET} for number in range(3)]
    calls.send_message_batch(QueueUrl=url, Entries=entries)
    assert calls.recorded == {
        "operation": "SendMessageBatch",
        "queue_url": url,
        "message_count": 3,
        "successful_count": 3,
        "failed_count": 0,
    }
    calls.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], WaitTimeSeconds=0)
    assert calls.recorded == {
        "operation": "ReceiveMessage",
        "queue_url": url,
        "max_number_of_messages": 10,
        "attribute_names": ["All"],
        "wait_time_seconds": 0,
        "message_count": 4,
    }
    calls.list_queues(QueueNamePrefix=name)
    assert calls.recorded == {"operation": "ListQueues", "queue_name_prefix": name, "queue_count": 1}


def test_sns(daemon: Daemon, name: str) -> None:
    calls = Calls("sns", daemon)

    arn = calls.create_topic(Name=name)["TopicArn"]
    assert calls.recorded == {"operation": "CreateTopic", "name": name}
    calls.publish(TopicArn=arn, Message=SECRET, Subject=SECRET)
    published = calls.recorded
    assert published.pop("message_id")
    assert published == {"operation": "Publish", "topic_arn": arn}
    entries = [{"Id": str(number), "Message": SECRET} for number in range(2)]
    calls.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    assert calls.recorded == {
        "operation": "PublishBatch",
        "topic_arn": arn,
        "message_count": 2,
        "successful_count": 2,
        "failed_count": 0,
    }
    calls.publish(PhoneNumber="+4912345678", Message=SECRET)
    assert calls.recorded.keys() == {"operation", "message_id"}


def test_lambda_functions(daemon: Daemon, name: str) -> None:
    iam = client("iam", moto())
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    calls = Calls("lambda", daemon)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("app.py", f"secret = '{SECRET}'")

    calls.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"SECRET": SECRET}},
    )
    assert calls.recorded == {"operation": "CreateFunction", "function_name": name}
    calls.get_function(FunctionName=name)
    assert calls.recorded == {"operation": "GetFunction", "function_name": name}
    calls.list_functions()
    assert calls.recorded == {"operation": "ListFunctions"}


def test_lambda_invocations(service: Service, daemon: Daemon) -> None:
    """The stand-in answers as Lambda does: moto runs functions in Docker only."""
    service.answer = Answer(200, {"card": SECRET}, {"X-Amz-Executed-Version": "1"})

    response = client("lambda", service.url).invoke(
        FunctionName="checkout",
        InvocationType="RequestResponse",
        LogType="None",
        Qualifier="1",
        Payload=SECRET,
    )

    assert json.load(response["Payload"]) == {"card": SECRET}
    daemon.expect_tree("lambda")
    aws = daemon.subsegment("lambda")["aws"]
    assert aws.pop("request_id")
    assert aws == {
        "operation": "Invoke",
        "region": REGION,
        "function_name": "checkout",
        "invocation_type": "RequestResponse",
        "log_type": "None",
        "qualifier": "1",
        "status_code": 200,
    }
    assert SECRET.encode() not in b"".join(daemon.datagrams())


def test_an_invoked_function_that_failed_is_a_fault(service: Service, daemon: Daemon) -> None:
    """The request was fine, and answered with 200; what failed is the other function."""
    service.answer = Answer(200, {"errorMessage": SECRET}, {"X-Amz-Function-Error": "Unhandled"})

    response = client("lambda", service.url).invoke(FunctionName="checkout", Payload=b"{}")

    assert json.load(response["Payload"]) == {"errorMessage": SECRET}
    daemon.expect_tree("lambda  fault")
    assert daemon.subsegment("lambda")["aws"]["function_error"] == "Unhandled"


def test_step_functions(daemon: Daemon, name: str) -> None:
    calls = Calls("stepfunctions", daemon)
    definition = {"StartAt": "end", "States": {"end": {"Type": "Succeed"}}}
    role = "arn:aws:iam::123456789012:role/steps"

    arn = calls.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)[
        "stateMachineArn"
    ]
    assert calls.recorded == {"operation": "CreateStateMachine", "name": name, "role_arn": role}
    execution = calls.start_execution(stateMachineArn=arn, name="run", input=json.dumps({"card": SECRET}))
    assert calls.recorded == {
        "operation": "StartExecution",
        "state_machine_arn": arn,
        "name": "run",
        "execution_arn": execution["executionArn"],
    }
    daemon.expect_tree("states")


def test_eventbridge(daemon: Daemon, name: str) -> None:
    calls = Calls("events", daemon)

    calls.create_event_bus(Name=name)
    assert calls.recorded == {"operation": "CreateEventBus", "name": name}
    entry = {
        "Source": "shop",
        "DetailType": "paid",
        "Detail": json.dumps({"card": SECRET}),
        "EventBusName": name,
    }
    calls.put_events(Entries=[entry, entry])
    assert calls.recorded == {"operation": "PutEvents", "entry_count": 2, "failed_entry_count": 0}
    calls.put_rule(Name="rule", EventBusName=name, EventPattern='{"source": ["shop"]}')
    assert calls.recorded == {"operation": "PutRule", "name": "rule", "event_bus_name": name}


def test_kinesis(daemon: Daemon, name: str) -> None:
    calls = Calls("kinesis", daemon)

    calls.create_stream(StreamName=name, ShardCount=1)
    assert calls.recorded == {"operation": "CreateStream", "stream_name": name}
    records = [{"Data": SECRET.encode(), "PartitionKey": SECRET}] * 3
    calls.put_records(StreamName=name, Records=records)
    assert calls.recorded == {
        "operation": "PutRecords",
        "stream_name": name,
        "record_count": 3,
        "failed_record_count": 0,
    }
    iterator = calls.get_shard_iterator(
        StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert calls.recorded == {
        "operation": "GetShardIterator",
        "stream_name": name,
        "shard_id": "shardId-000000000000",
        "shard_iterator_type": "TRIM_HORIZON",
    }
    calls.get_records(ShardIterator=iterator)
    assert calls.recorded == {"operation": "GetRecords", "record_count": 3}


def test_secrets_manager(daemon: Daemon, name: str) -> None:
    calls = Calls("secretsmanager", daemon)

    calls.create_secret(Name=name, SecretString=SECRET)
    created = calls.recorded
    assert created.pop("version_id")
    assert created == {"operation": "CreateSecret", "name": name}
    assert calls.get_secret_value(SecretId=name)["SecretString"] == SECRET
    read = calls.recorded
    assert read.pop("version_id")
    assert read == {"operation": "GetSecretValue", "secret_id": name}


def test_ssm_parameters(daemon: Daemon, name: str) -> None:
    calls = Calls("ssm", daemon)

    calls.put_parameter(Name=f"/{name}/card", Value=SECRET, Type="SecureString")
    assert calls.recorded == {"operation": "PutParameter", "name": f"/{name}/card"}
    assert calls.get_parameter(Name=f"/{name}/card", WithDecryption=True)["Parameter"]["Value"] == SECRET
    assert calls.recorded == {"operation": "GetParameter", "name": f"/{name}/card"}
    calls.get_parameters(Names=[f"/{name}/card", "/other"])
    assert calls.recorded == {"operation": "GetParameters", "names": [f"/{name}/card", "/other"]}
    calls.get_parameters_by_path(Path=f"/{name}")
    assert calls.recorded == {"operation": "GetParametersByPath", "path": f"/{name}"}


def test_a_missing_thing_is_an_error_with_its_request_id(daemon: Daemon, name: str) -> None:
    s3 = client("s3", moto())

    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket=name, Key="key")

    subsegment = daemon.subsegment("s3")
    daemon.expect_tree("s3  error NoSuchBucket")
    assert subsegment["http"]["response"]["status"] == 404
    assert subsegment["aws"]["bucket_name"] == name


def test_the_answer_to_a_conditional_read_is_no_error(service: Service, daemon: Daemon) -> None:
    service.answer = Answer(304, b"", {"x-amz-id-2": "host"})
    s3 = client("s3", service.url)

    with pytest.raises(s3.exceptions.ClientError):
        s3.get_object(Bucket="bucket", Key="key", IfNoneMatch="etag")

    daemon.expect_tree("s3  ClientError")
    assert daemon.subsegment("s3")["aws"]["id_2"] == "host"


def test_slow_down_is_throttling_and_a_fault(service: Service, daemon: Daemon) -> None:
    service.answer = Answer(503, b"<Error><Code>SlowDown</Code></Error>")
    s3 = client("s3", service.url)

    with pytest.raises(s3.exceptions.ClientError):
        s3.get_object(Bucket="bucket", Key="key")

    daemon.expect_tree("s3  fault error throttle ClientError")


# What a wrapper typically breaks


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


# aiobotocore


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


def test_a_call_that_is_abandoned_ends_without_a_fault_wherever_that_is(daemon: Daemon) -> None:
    """The garbage collector closes a coroutine in whatever context it runs."""
    call = aws_call.new_call(client("dynamodb", moto()), "_make_api_call", ("ListTables", {}), {})
    assert call is not None

    contextvars.copy_context().run(call.open)
    call.close(GeneratorExit())

    daemon.expect_tree("dynamodb")


def test_an_error_of_the_service_below_a_traced_function_is_described_once(
    service: Service, daemon: Daemon
) -> None:
    service.answer = error(400, "ResourceNotFoundException")
    dynamodb = client("dynamodb", service.url)

    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException), xray_recorder.in_subsegment("pay"):
        dynamodb.describe_table(TableName="orders")

    daemon.expect_tree("""
        pay  fault ResourceNotFoundException
          dynamodb  error ResourceNotFoundException
    """)
    assert daemon.subsegment("pay")["cause"] == daemon.subsegment("dynamodb")["cause"]["exceptions"][0]["id"]
