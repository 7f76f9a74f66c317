"""The shapes of events, by what others say of them: aws-lambda-typing, Powertools, and SDKs."""

from __future__ import annotations

import sys
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from lambda_tracer.testing import events

definitions: Any = pytest.importorskip("aws_lambda_typing.events")
models: Any = pytest.importorskip("aws_lambda_powertools.utilities.parser.models")
data_classes: Any = pytest.importorskip("aws_lambda_powertools.utilities.data_classes")


def misfits(value: Any, kind: Any, path: str = "") -> list[str]:
    """Where a value is not what a definition says: `-name` lacks, `+name` is unknown, `name` has another type."""
    origin = get_origin(kind)
    if kind is Any:
        return []
    if is_typeddict(kind):
        if not isinstance(value, dict):
            return [path]
        hints = get_type_hints(kind)
        found = [f"-{path}.{name}" for name in sorted(kind.__required_keys__ - value.keys())]
        found += [f"+{path}.{name}" for name in value if name not in hints]
        for name in value.keys() & hints.keys():
            found += misfits(value[name], hints[name], f"{path}.{name}")
        return sorted(found)
    if origin in (Union, UnionType):
        return min((misfits(value, each, path) for each in get_args(kind)), key=len)
    if origin is Literal:
        return [] if value in get_args(kind) else [path]
    if not isinstance(value, origin or kind) or (kind is int and isinstance(value, bool)):
        return [path]
    if origin is list:
        return [found for each in value for found in misfits(each, get_args(kind)[0], f"{path}[]")]
    if origin is dict:
        of = get_args(kind)[1] if get_args(kind) else Any
        return [found for name, each in value.items() for found in misfits(each, of, f"{path}.*")]
    return []


@pytest.mark.parametrize(
    ("definition", "event", "known"),
    [
        ("ALBEvent", events.alb(), []),
        (
            "ALBEvent",
            events.alb(multi_value=True),
            ["+.multiValueHeaders", "+.multiValueQueryStringParameters"],
        ),
        ("APIGatewayProxyEventV1", events.rest_api("POST", body={}, query={"a": ["1", "2"]}), []),
        ("APIGatewayProxyEventV1", events.http_api_v1(), ["+.version"]),
        ("APIGatewayProxyEventV2", events.http_api(route="GET /", cookies=["a=1"], query={"b": "2"}), []),
        ("APIGatewayProxyEventV2", events.function_url("POST", body="x"), []),
        ("APIGatewayTokenAuthorizerEvent", events.token_authorizer(), []),
        (
            "APIGatewayRequestAuthorizerEvent",
            events.request_authorizer(),
            ["+.multiValueHeaders", "+.multiValueQueryStringParameters"],
        ),
        ("ApacheKafkaEvent", events.kafka_self_managed(key="k"), []),
        # Null is what AppSync has for a request with an API key.
        ("AppSyncResolverEvent", events.appsync(), [".identity", "+.request.domainName"]),
        ("CloudFormationCustomResourceEvent", events.cloudformation(), ["+.ServiceToken"]),
        ("CloudFormationCustomResourceEvent", events.cloudformation("Update"), ["+.ServiceToken"]),
        ("CloudFormationCustomResourceEvent", events.cloudformation("Delete"), ["+.ServiceToken"]),
        ("CloudWatchLogsEvent", events.logs(), []),
        ("CloudWatchLogsDecodedData", events.logs_data(events.logs()), []),
        ("CodeCommitMessageEvent", events.codecommit(), []),
        ("CodePipelineEvent", events.codepipeline(), []),
        ("CognitoCustomMessageEvent", events.cognito("CustomMessage_SignUp"), None),
        ("CognitoPostConfirmationEvent", events.cognito("PostConfirmation_ConfirmSignUp"), []),
        ("ConfigEvent", events.config(), []),
        ("DynamoDBStreamEvent", events.dynamodb(({"id": 1}, {"id": 1, "a": None})), []),
        ("EventBridgeEvent", events.eventbridge(), []),
        ("EventBridgeEvent", events.schedule(), []),
        ("EventBridgeEvent", events.scheduler(), [".detail"]),
        ("EventBridgeEvent", events.s3_eventbridge(), []),
        ("IoTPreProvisioningHookEvent", events.iot_provisioning(), []),
        ("KinesisFirehoseEvent", events.firehose(), ["-.records[].kinesisRecordMetadata"]),
        ("KinesisStreamEvent", events.kinesis(), []),
        ("MQEvent", events.activemq(), None),
        ("MSKEvent", events.kafka(), ["+.bootstrapServers", ".records.*[].partition"]),
        ("S3BatchEvent", events.s3_batch(), []),
        ("S3Event", events.s3("a", version_id="1"), []),
        ("SESEvent", events.ses(), []),
        ("SNSEvent", events.sns("x", subject="y", attributes={"a": "b"}), []),
        ("SQSEvent", events.sqs(queue="a.fifo", trace_header="Root=1-2-3", dead_letters_of="b"), []),
        ("SecretsManagerRotationEvent", events.secretsmanager(), []),
        (
            "WebSocketConnectEvent",
            events.websocket_connect(query={"a": "b"}),
            ["-.requestContext.authorizer"],
        ),
        ("WebSocketRouteEvent", events.websocket_message(authorizer={}), []),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_aws_lambda_typing_has_the_same_but_for_what_is_known(
    definition: str, event: Any, known: list[str] | None
) -> None:
    """None: the definition is another one altogether; see where the event is made."""
    module = definitions.cloud_watch_logs if definition == "CloudWatchLogsDecodedData" else definitions
    found = misfits(event, getattr(module, definition))

    assert known is None or found == sorted(known)
    assert known is not None or found != []


COGNITO = {
    "CognitoPreSignupTriggerModel": "PreSignUp_SignUp",
    "CognitoPostConfirmationTriggerModel": "PostConfirmation_ConfirmSignUp",
    "CognitoPreAuthenticationTriggerModel": "PreAuthentication_Authentication",
    "CognitoPostAuthenticationTriggerModel": "PostAuthentication_Authentication",
    "CognitoPreTokenGenerationTriggerModelV1": "TokenGeneration_HostedAuth",
    "CognitoMigrateUserTriggerModel": "UserMigration_Authentication",
    "CognitoCustomMessageTriggerModel": "CustomMessage_SignUp",
    "CognitoCustomEmailSenderTriggerModel": "CustomEmailSender_SignUp",
    "CognitoCustomSMSSenderTriggerModel": "CustomSMSSender_SignUp",
    "CognitoDefineAuthChallengeTriggerModel": "DefineAuthChallenge_Authentication",
    "CognitoCreateAuthChallengeTriggerModel": "CreateAuthChallenge_Authentication",
    "CognitoVerifyAuthChallengeTriggerModel": "VerifyAuthChallengeResponse_Authentication",
}


def single_headers(event: dict[str, Any]) -> dict[str, Any]:
    """The model of VPC Lattice 2.0 takes a text where AWS sends a list."""
    return {**event, "headers": {name: values[0] for name, values in event["headers"].items()}}


@pytest.mark.parametrize(
    ("model", "event"),
    [
        ("APIGatewayProxyEventModel", events.rest_api("POST", "/items/5", body={}, resource="/items/{id}")),
        ("APIGatewayProxyEventModel", events.rest_api(authorizer={"claims": {"sub": "x"}})),
        ("APIGatewayProxyEventModel", events.http_api_v1()),
        ("APIGatewayProxyEventV2Model", events.http_api("POST", body=b"\xff", query={"a": ["1", "2"]})),
        ("APIGatewayProxyEventV2Model", events.http_api(authorizer={"jwt": {"claims": {}}})),
        ("LambdaFunctionUrlModel", events.function_url(authorizer={"iam": {"userArn": "arn:aws:iam::1:x"}})),
        ("AlbModel", events.alb()),
        ("VpcLatticeModel", events.lattice_v1()),
        ("VpcLatticeV2Model", single_headers(events.lattice())),
        ("APIGatewayWebSocketConnectEventModel", events.websocket_connect()),
        ("APIGatewayWebSocketMessageEventModel", events.websocket_message()),
        ("APIGatewayWebSocketDisconnectEventModel", events.websocket_disconnect()),
        ("ApiGatewayAuthorizerToken", events.token_authorizer()),
        ("ApiGatewayAuthorizerRequest", events.request_authorizer()),
        ("ApiGatewayAuthorizerRequestV2", events.http_api_authorizer()),
        ("AppSyncResolverEventModel", events.appsync()),
        ("AppSyncEventsModel", events.appsync_events()),
        ("AppSyncEventsModel", events.appsync_events(operation="SUBSCRIBE")),
        ("SqsModel", events.sqs("a", {"b": 1}, queue="a.fifo", attributes={"a": "b", "n": 1, "x": b"\xff"})),
        ("SnsModel", events.sns("x", {"y": 1}, subject="y", attributes={"a": "b"})),
        ("EventBridgeModel", events.eventbridge()),
        ("S3EventNotificationEventBridgeModel", events.s3_eventbridge(version_id="1")),
        ("S3Model", events.s3("a b.pdf")),
        ("S3Model", events.s3(name="ObjectRemoved:Delete")),
        ("S3SqsEventNotificationModel", events.sqs(events.s3())),
        ("S3BatchOperationModel", events.s3_batch("a", "b")),
        ("S3BatchOperationModel", events.s3_batch(schema="2.0", user_arguments={"a": "b"})),
        ("S3ObjectLambdaEvent", events.s3_object_lambda()),
        ("DynamoDBStreamModel", events.dynamodb({"id": 1}, ({"id": 1}, {"id": 2}), ({"id": 1}, None))),
        ("KinesisDataStreamModel", events.kinesis("a", b"\xff", {"a": 1})),
        ("KinesisFirehoseModel", events.firehose("a", source_stream="clicks")),
        ("KinesisFirehoseSqsModel", events.firehose(events.sqs("x")["Records"][0])),
        ("KafkaMskEventModel", events.kafka("a", key="k", headers={"h": "v"})),
        ("KafkaSelfManagedEventModel", events.kafka_self_managed("a")),
        ("SesModel", events.ses()),
        ("CloudWatchLogsModel", events.logs("a", {"b": 1})),
        ("CloudFormationCustomResourceCreateModel", events.cloudformation()),
        ("CloudFormationCustomResourceUpdateModel", events.cloudformation("Update")),
        ("CloudFormationCustomResourceDeleteModel", events.cloudformation("Delete")),
        ("BedrockAgentEventModel", events.bedrock_agent(body={"amount": 12})),
        ("BedrockAgentFunctionEventModel", events.bedrock_agent("cancel", {"order": "A-1001"})),
        ("TransferFamilyAuthorizer", events.transfer_family()),
        *((model, events.cognito(trigger)) for model, trigger in COGNITO.items()),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_models_of_powertools_take_them(model: str, event: Any) -> None:
    getattr(models, model).model_validate(event)


def test_the_data_classes_of_powertools_read_them() -> None:
    request = data_classes.APIGatewayProxyEvent(
        events.rest_api("POST", "/a", body={"b": 1}, query={"c": "d"})
    )
    assert (request.json_body, request.get_query_string_value("c")) == ({"b": 1}, "d")
    assert request.headers["content-type"] == "application/json"
    encoded = data_classes.APIGatewayProxyEventV2(events.http_api("POST", body=b"plain"))
    assert encoded.decoded_body == "plain"
    (message,) = data_classes.SQSEvent(events.sqs({"b": 1})).records
    assert message.json_body == {"b": 1}
    (change,) = data_classes.DynamoDBStreamEvent(events.dynamodb({"id": 1, "names": {"a"}})).records
    assert change.dynamodb.new_image == {"id": 1, "names": {"a"}}
    (record,) = data_classes.KinesisStreamEvent(events.kinesis({"b": 1})).records
    assert record.kinesis.data_as_json() == {"b": 1}
    (kafka,) = data_classes.KafkaEvent(events.kafka({"b": 1}, key="k", headers={"h": "v"})).records
    assert (kafka.json_value, kafka.decoded_key, kafka.decoded_headers["h"]) == ({"b": 1}, b"k", b"v")
    logged = data_classes.CloudWatchLogsEvent(events.logs("hello", group="g")).parse_logs_data()
    assert (logged.log_group, logged.log_events[0].message) == ("g", "hello")
    alarm = data_classes.CloudWatchAlarmEvent(events.alarm("a", metric="Errors"))
    assert alarm.alarm_data.configuration.metrics[0].metric_stat.metric["name"] == "Errors"
    job = data_classes.CodePipelineJobEvent(events.codepipeline({"a": 1}))
    assert job.decoded_user_parameters == {"a": 1}
    rule = data_classes.AWSConfigRuleEvent(events.config({"encrypted": True}, parameters={"p": "q"}))
    assert rule.rule_parameters == {"p": "q"}
    assert rule.invoking_event.configuration_item.configuration == {"encrypted": True}
    flow = data_classes.ConnectContactFlowEvent(events.connect({"order": "A-1001"}))
    assert (flow.parameters, flow.contact_data.channel.name) == ({"order": "A-1001"}, "VOICE")
    stored = data_classes.S3Event(events.s3("a b/ü.pdf"))
    assert stored.object_key == "a b/ü.pdf"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11, as the SDK does")
def test_the_sdk_of_durable_functions_reads_its_event() -> None:
    execution: Any = pytest.importorskip("aws_durable_execution_sdk_python.execution")

    read = execution.DurableExecutionInvocationInput.from_json_dict(events.durable({"order": 1}))

    (started,) = read.initial_execution_state.operations
    assert started.execution_details.input_payload == '{"order":1}'


def test_boto3_reads_the_attribute_values_of_dynamodb() -> None:
    types: Any = pytest.importorskip("boto3.dynamodb.types")
    item = {
        "none": None,
        "yes": True,
        "number": 12,
        "text": "a",
        "list": [1, "a", {"b": []}],
        "texts": {"a", "b"},
        "numbers": frozenset({1, 2}),
    }

    (record,) = events.dynamodb(item, key="number")["Records"]

    read = types.TypeDeserializer().deserialize
    assert {name: read(value) for name, value in record["dynamodb"]["NewImage"].items()} == item
    assert record["dynamodb"]["Keys"] == {"number": {"N": "12"}}
