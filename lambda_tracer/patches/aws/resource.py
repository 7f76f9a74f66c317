"""What an AWS call is about: the table, queue, bucket, function... that its parameters and its answer name.

One rule for every service, and not a list for each: parameters with these well-known names identify something or
say how it is asked for, whichever operation has them. Only short texts, numbers and names of things leave here: no
value that is stored or sent, and nothing that the service's own model marks as sensitive.

Recorded under the name in snake case; where the X-Ray SDK has another name for it, under that one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

MAX_TEXT = 250
"""Characters kept of one value, as X-Ray keeps of its own fields. An ARN or an S3 key may be longer."""

MAX_NAMES = 25
"""Names kept of one list: the most that one batch of DynamoDB writes can have tables."""

_THINGS = (
    # databases
    "TableName IndexName TableArn BackupArn ExportArn StreamArn Database DatabaseName SecretArn ResourceArn WorkGroup"
    " DBInstanceIdentifier DBClusterIdentifier ClusterIdentifier WorkgroupName CacheClusterId ReplicationGroupId"
    " QueryExecutionId ExclusiveStartTableName"
    # messages, events, streams
    " QueueUrl QueueName QueueNamePrefix QueueOwnerAWSAccountId Label TopicArn TargetArn SubscriptionArn"
    " PlatformApplicationArn EndpointArn EventBusName Rule GroupName StreamName StreamARN ConsumerARN ConsumerName"
    " ShardId DeliveryStreamName Topic ThingName ConfigurationSetName TemplateName"
    # storage
    " Bucket Prefix VersionId FileSystemId AccessPointId VaultName RepositoryName"
    # computing, workflows
    " FunctionName Qualifier StateMachineArn ActivityArn ExecutionArn MapRunArn JobName JobQueue JobDefinition Cluster"
    " ClusterArn ClusterName TaskDefinition ProjectName StackName ChangeSetName RestApiId ApiId"
    # models
    " EndpointName ModelId AgentId AgentAliasId FlowIdentifier KnowledgeBaseId GuardrailIdentifier Dataset"
    # secrets and settings by their name, identity, observation, network
    " SecretId KeyId AliasName Path ApplicationIdentifier ConfigurationProfileIdentifier EnvironmentIdentifier RoleArn"
    " UserPoolId IdentityPoolId LogGroupName LogGroupIdentifier LogStreamName Namespace AlarmName HostedZoneId"
    " DistributionId"
)
_MANNERS = (
    "ConsistentRead ProjectionExpression ScanIndexForward Select Segment TotalSegments Limit DelaySeconds"
    " MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds InvocationType LogType ShardIteratorType PartNumber"
)
_SCALARS = frozenset(f"{_THINGS} {_MANNERS}".split())
"""Parameters of which the value is recorded: what identifies a thing, and how much of it is asked for in which way.

Services that begin the names of theirs with a small letter are meant too.
"""

_NAMED_BY_NAME = frozenset(("events", "pipes", "scheduler", "secretsmanager", "sns", "ssm", "states"))
"""Services, by endpoint prefix, in which `Name` names a resource. In others it may be that of a person."""

_NAMES = frozenset(
    (
        "AttributeNames",
        "MessageAttributeNames",
        "MessageSystemAttributeNames",
        "AttributesToGet",
        "Names",
        "SecretIdList",
    )
)
"""Parameters that are lists of names."""

_KEYS = {
    "Attributes": "attribute_names",
    "MessageAttributes": "message_attribute_names",
    "RequestItems": "table_names",
}
"""Parameters of which only the keys are names."""

_DEFINITIONS = {
    "AttributeDefinitions": "AttributeName",
    "GlobalSecondaryIndexes": "IndexName",
    "LocalSecondaryIndexes": "IndexName",
}
"""Parameters that are lists of definitions, and what each of these is called by."""

_SIZES = {
    "Entries": "entry_count",
    "PublishBatchRequestEntries": "message_count",
    "Records": "record_count",
    "TransactItems": "item_count",
    "Statements": "statement_count",
    "LogEvents": "event_count",
    "MetricData": "metric_count",
}
"""Batches in a request, of which the size is recorded."""

_ANSWERS = (
    "MessageId QueueUrl ExecutionArn VersionId FunctionError StatusCode Status Count ScannedCount KeyCount"
    " FailedEntryCount FailedRecordCount FailedPutCount"
)
_ANSWERED = frozenset(_ANSWERS.split())
"""Members of an answer of which the value is recorded."""

_ANSWERED_SIZES = {
    "Messages": "message_count",
    "QueueUrls": "queue_count",
    "TableNames": "table_count",
    "Records": "record_count",
    "Failed": "failed_count",
    "Successful": "successful_count",
    "Errors": "error_count",
}
"""Lists in an answer, of which the size is recorded."""

_known = {"Bucket": "bucket_name"}  # as the X-Ray SDK calls it; the others are added when they are met


def of_request(service: str, params: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """What the parameters of a call say of what it is about.

    `service` is the endpoint prefix. `members` are those of the operation's input in botocore's model, by name.
    """
    found: dict[str, Any] = {}
    for name, value in params.items():
        if _is_sensitive(members.get(name)):
            continue
        title = name[:1].upper() + name[1:]
        if isinstance(value, (str, int, float)):
            if _is_about(title, service, params):
                found[_snake_case(title)] = _short(value)
        elif isinstance(value, (list, tuple)):
            if title in _NAMES:
                found[_snake_case(title)] = _names(value)
            elif title in _DEFINITIONS:
                names = [item.get(_DEFINITIONS[title]) for item in value if isinstance(item, dict)]
                found[_snake_case(title)] = _names(names)
            elif title in _SIZES:
                is_messages = title == "Entries" and service == "sqs"
                found["message_count" if is_messages else _SIZES[title]] = len(value)
        elif isinstance(value, dict):
            if title in _KEYS:
                found[_KEYS[title]] = _names(value)
            elif title == "Delete":
                found["object_count"] = _batch_size(value.get("Objects"))
            elif title == "ProvisionedThroughput":
                found["provisioned_throughput"] = value
    if "CopySource" in params:
        found["copy_source"] = _short(_copied(params["CopySource"]))
    if isinstance(params.get("RequestItems"), dict):
        found["item_count"] = sum(_batch_size(batch) for batch in params["RequestItems"].values())
    if isinstance(params.get("TransactItems"), (list, tuple)):
        found["table_names"] = _names(_transaction_tables(params["TransactItems"]))
    return found


def of_response(response: Mapping[str, Any]) -> dict[str, Any]:
    """What the answer says of what the call was about. Streams in it are not looked at."""
    found: dict[str, Any] = {}
    for name, value in response.items():
        title = name[:1].upper() + name[1:]
        if title in _ANSWERED:
            if isinstance(value, (str, int, float)):
                found[_snake_case(title)] = _short(value)
        elif title in _ANSWERED_SIZES:
            if isinstance(value, list):
                found[_ANSWERED_SIZES[title]] = len(value)
        elif title == "ConsumedCapacity" and value and isinstance(value, (dict, list)):
            found["consumed_capacity"] = value[:MAX_NAMES] if isinstance(value, list) else value
        elif title in ("UnprocessedItems", "UnprocessedKeys") and isinstance(value, dict) and value:
            found["unprocessed_count"] = sum(_batch_size(batch) for batch in value.values())
    return found


def _is_about(title: str, service: str, params: Mapping[str, Any]) -> bool:
    if title == "Name":
        return service in _NAMED_BY_NAME
    if title == "Key":  # S3's; elsewhere a key may be one that opens something
        return "Bucket" in params
    return title in _SCALARS


def _is_sensitive(member: Any) -> bool:
    return member is not None and bool(member.metadata.get("sensitive"))


def _short(value: str | int | float) -> str | int | float:
    return value[:MAX_TEXT] if isinstance(value, str) else value


def _names(values: Iterable[Any]) -> list[str]:
    names = [value[:MAX_TEXT] for value in values if isinstance(value, str)]
    return names[:MAX_NAMES]


def _batch_size(batch: Any) -> int:
    """How many there are in a list, or in the `Keys` that DynamoDB is to get from one table."""
    if isinstance(batch, dict):
        batch = batch.get("Keys")
    return len(batch) if isinstance(batch, (list, tuple)) else 0


def _transaction_tables(items: Iterable[Any]) -> Iterable[Any]:
    """The table of each item in a DynamoDB transaction (`{"Put": {"TableName": ...}}`), once."""
    actions = [action for item in items if isinstance(item, dict) for action in item.values()]
    return dict.fromkeys(str(action.get("TableName")) for action in actions if isinstance(action, dict))


def _copied(source: Any) -> str:
    """What an S3 object is copied from, given as a text or as a dict."""
    if isinstance(source, dict):
        return f"{source.get('Bucket', '')}/{source.get('Key', '')}"
    return source if isinstance(source, str) else ""


def _snake_case(title: str) -> str:
    """`QueueOwnerAWSAccountId` -> `queue_owner_aws_account_id`."""
    known = _known.get(title)
    if known is None:
        known = ""
        for index, character in enumerate(title):
            before, after = title[index - 1 : index], title[index + 1 : index + 2]
            if character.isupper() and before and (not before.isupper() or after.islower()):
                known += "_"
            known += character.lower()
        _known[title] = known  # only names in the sets above come here: it does not grow
    return known
