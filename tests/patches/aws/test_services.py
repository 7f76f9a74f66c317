"""What is recorded of the calls of particular services.

Against moto where it can do it; what it cannot is answered by a stand-in, which says so.
"""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import Daemon
from tests.patches.aws.calls import SECRET, Calls
from tests.patches.aws.libraries import REGION, client
from tests.patches.aws.servers import Answer, Service, error, moto

pytest.importorskip("moto", reason="moto[server] is not installed")
pytest.importorskip("boto3", reason="boto3 is not installed")

pytestmark = pytest.mark.usefixtures("boto_patched")


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
