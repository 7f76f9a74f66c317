"""What other services send: each is known by a key or two, and has a name of its own for where the event is from."""

from __future__ import annotations

from ..guard import Late, can_load
from .arn import short_name
from .facts import MAX_TEXT, Facts, mapping, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import batch

    Known = tuple[str, str | None]
else:
    batch = Late("lambda_tracer.events.batch")  # for a time


def read(event: dict[str, Any], facts: Facts) -> bool:
    """Put what the event of one of these services says into `facts`; False for what is none."""
    for key in event:
        service = _SERVICES.get(key)
        known = service(event, facts) if service is not None else None
        if known is not None:
            facts.annotations["Trigger"] = known[0]
            if known[1] is not None:
                facts.annotations["Source"] = known[1][:MAX_TEXT]
            return True
    return False


def _event_bridge(event: dict[str, Any], facts: Facts) -> Known | None:
    source = text(event.get("source"))
    if source is None:
        return None
    happened = batch.instant_s(event.get("time")) if can_load(batch) else None
    if happened is not None:
        facts.metadata = {"event_age_ms": batch.age_ms(happened)}
    if source in ("aws.events", "aws.scheduler") and text(event["detail-type"]) == "Scheduled Event":
        resources = event.get("resources")
        arn = resources[0] if type(resources) is list and resources else None
        name = short_name(arn)
        # A schedule's ARN ends in schedule/<group>/<name>.
        return "schedule", name.rpartition("/")[2] if name is not None else None
    return "eventbridge", source


def _app_sync(event: dict[str, Any], facts: Facts) -> Known | None:
    info = mapping(event["info"])
    if info is None:
        return None
    field, of = text(info.get("fieldName")), text(info.get("parentTypeName"))
    if field is not None and of is not None:
        return "appsync", f"{of}.{field}"
    namespace = mapping(info.get("channelNamespace"))
    return ("appsync", text(namespace.get("name"))) if namespace is not None else None


def _cognito(event: dict[str, Any], facts: Facts) -> Known | None:
    source, pool = text(event["triggerSource"]), text(event.get("userPoolId"))
    if source is None or pool is None:
        return None
    facts.metadata = {"trigger_source": source}
    return "cognito", pool


def _authorizer(event: dict[str, Any], facts: Facts) -> Known | None:
    if "type" in event and ("methodArn" in event or "routeArn" in event):
        return "authorizer", api_of(event["methodArn"] if "methodArn" in event else event["routeArn"])
    context = mapping(event.get("requestContext"))
    if "authorizationToken" in event and context is not None and "queryString" in context:
        return "authorizer", text(context.get("apiId"))  # of AppSync
    return None


def api_of(arn: object) -> str | None:
    """The id of an API, of `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`."""
    if type(arn) is not str or not arn.startswith("arn:"):
        return None
    parts = arn[:2_048].split(":", 5)
    return text(parts[5].partition("/")[0]) if len(parts) == 6 else None


def _logs(event: dict[str, Any], facts: Facts) -> Known | None:
    # The name of the log group is in the compressed data, which is not read.
    return ("logs", None) if "data" in (mapping(event["awslogs"]) or ()) else None


def _config(event: dict[str, Any], facts: Facts) -> Known | None:
    return ("config", text(event["configRuleName"])) if "invokingEvent" in event else None


def _cloud_formation(event: dict[str, Any], facts: Facts) -> Known | None:
    if "ResourceType" not in event or "RequestType" not in event:
        return None
    stack = short_name(event["StackId"])  # stack/<name>/<id>
    return "cloudformation", stack.partition("/")[0] if stack is not None else None


def _code_pipeline(event: dict[str, Any], facts: Facts) -> Known | None:
    return ("codepipeline", None) if type(event["CodePipeline.job"]) is dict else None


def _lex(event: dict[str, Any], facts: Facts) -> Known | None:
    bot = mapping(event["bot"])
    return ("lex", text(bot.get("name"))) if bot is not None and "invocationSource" in event else None


def _connect(event: dict[str, Any], facts: Facts) -> Known | None:
    details = mapping(event["Details"])
    if details is None or "ContactData" not in details:
        return None
    contact = mapping(details["ContactData"]) or {}
    return "connect", short_name(contact.get("InstanceARN"))


def _alarm(event: dict[str, Any], facts: Facts) -> Known | None:
    alarm = mapping(event.get("alarmData"))
    return ("alarm", text(alarm.get("alarmName"))) if alarm is not None else None


def _secret(event: dict[str, Any], facts: Facts) -> Known | None:
    if "Step" not in event or "ClientRequestToken" not in event:
        return None
    arn = event["SecretId"]
    # Its name, and the six characters that Secrets Manager has added; a name may have slashes.
    return "secretsmanager", text(arn.rpartition(":secret:")[2]) if short_name(arn) is not None else None


def _object_lambda(event: dict[str, Any], facts: Facts) -> Known | None:
    configuration = mapping(event.get("configuration"))
    if configuration is None:
        return None
    return "s3_object_lambda", short_name(configuration.get("accessPointArn"))


def _bedrock_agent(event: dict[str, Any], facts: Facts) -> Known | None:
    agent = mapping(event.get("agent"))
    return ("bedrock_agent", text(agent.get("name"))) if agent is not None else None


def _step_functions(event: dict[str, Any], facts: Facts) -> Known | None:
    """A task whose payload is, or has at its top, the context object of its state machine."""
    machine = mapping(event["StateMachine"])
    if machine is None or type(event.get("Execution")) is not dict:
        return None
    return "states", text(machine.get("Name")) or short_name(machine.get("Id"))


_SERVICES: dict[str, Callable[[dict[str, Any], Facts], Known | None]] = {
    "detail-type": _event_bridge,
    "info": _app_sync,
    "triggerSource": _cognito,
    "methodArn": _authorizer,
    "routeArn": _authorizer,
    "authorizationToken": _authorizer,
    "awslogs": _logs,
    "configRuleName": _config,
    "StackId": _cloud_formation,
    "CodePipeline.job": _code_pipeline,
    "bot": _lex,
    "Details": _connect,
    "alarmArn": _alarm,
    "SecretId": _secret,
    "getObjectContext": _object_lambda,
    "actionGroup": _bedrock_agent,
    "StateMachine": _step_functions,
}
