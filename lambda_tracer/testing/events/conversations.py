"""What people say: Lex V2, Connect, agents of Bedrock, and mail that SES received.

https://docs.aws.amazon.com/lexv2/latest/dg/lambda-input-format.html
https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html
https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html
"""

from __future__ import annotations

from typing import cast

from .values import ACCOUNT, REGION, Ids, Moment, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from aws_lambda_typing.events import SESEvent

    from .values import At


def lex(
    said: str = "I want to order",
    *,
    intent: str = "Order",
    slots: Mapping[str, str | None] | None = None,
    source: str = "DialogCodeHook",
    bot: str = "Shop",
    locale: str = "en_US",
    session_attributes: Mapping[str, str] | None = None,
    request_attributes: Mapping[str, str] | None = None,
    seed: object = None,
) -> dict[str, Any]:
    """A turn of a conversation with a bot of Lex V2. `source` is DialogCodeHook or FulfillmentCodeHook.

    A slot has the value that was understood, or None where nothing was said of it yet.
    """
    ids = Ids("lex", bot, said, intent, slots, seed)

    def meant() -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for name, value in (slots or {}).items():
            filled[name] = None
            if value is not None:
                understood = {"originalValue": value, "interpretedValue": value, "resolvedValues": [value]}
                filled[name] = {"shape": "Scalar", "value": understood}
        state = "InProgress" if source == "DialogCodeHook" else "ReadyForFulfillment"
        return {"name": intent, "slots": filled, "state": state, "confirmationState": "None"}

    return {
        "messageVersion": "1.0",
        "invocationSource": source,
        "inputMode": "Text",
        "responseContentType": "text/plain; charset=utf-8",
        "sessionId": ids.decimal(15),
        "inputTranscript": said,
        "bot": {
            "id": Ids("bot", bot).capital(10),
            "name": bot,
            "localeId": locale,
            "version": "1",
            "aliasId": Ids("alias", bot).capital(10),
            "aliasName": "prod",
        },
        "interpretations": [{"interpretationSource": "Lex", "intent": meant(), "nluConfidence": 0.94}],
        "proposedNextState": {"dialogAction": {"type": "Delegate"}, "intent": meant()},
        "requestAttributes": dict(request_attributes or {}),
        "sessionState": {
            "activeContexts": [],
            "sessionAttributes": dict(session_attributes or {}),
            "intent": meant(),
            "originatingRequestId": ids.uuid(),
        },
        "transcriptions": [
            {
                "transcription": said,
                "transcriptionConfidence": 1.0,
                "resolvedContext": {"intent": intent},
                "resolvedSlots": {},
            }
        ],
    }


def connect(
    parameters: Mapping[str, str] | None = None,
    *,
    attributes: Mapping[str, str] | None = None,
    channel: str = "VOICE",
    customer: str = "+15550100",
    instance_id: str = "12345678-1234-4234-a234-123456789012",
    seed: object = None,
) -> dict[str, Any]:
    """A flow of Amazon Connect. `parameters` are those of the block, `attributes` those of the contact."""
    contact = Ids("connect", parameters, attributes, customer, seed).uuid()
    return {
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": dict(attributes or {}),
                "Channel": channel,
                "ContactId": contact,
                "CustomerEndpoint": {"Address": customer, "Type": "TELEPHONE_NUMBER"},
                "CustomerId": None,
                "InitialContactId": contact,
                "InitiationMethod": "INBOUND",
                "InstanceARN": f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{instance_id}",
                "LanguageCode": "en-US",
                "MediaStreams": {"Customer": {"Audio": None}},
                "PreviousContactId": contact,
                "Queue": None,
                "SystemEndpoint": {"Address": "+15550199", "Type": "TELEPHONE_NUMBER"},
            },
            "Parameters": dict(parameters or {}),
        },
    }


def bedrock_agent(
    function: str | None = None,
    parameters: Mapping[str, object] | None = None,
    *,
    api_path: str = "/orders",
    method: str = "GET",
    body: Mapping[str, object] | None = None,
    action_group: str = "orders",
    agent: str = "shop-assistant",
    said: str = "Where is my order?",
    session_attributes: Mapping[str, str] | None = None,
    prompt_session_attributes: Mapping[str, str] | None = None,
    seed: object = None,
) -> dict[str, Any]:
    """An action of a Bedrock agent: a `function`, or else a request to `api_path`, whose `body` is of plain values."""
    ids = Ids("bedrock_agent", agent, function, parameters, api_path, method, said, seed)
    event: dict[str, Any] = {
        "messageVersion": "1.0",
        "agent": {"name": agent, "id": Ids("agent", agent).capital(10), "alias": "PROD", "version": "1"},
        "inputText": said,
        "sessionId": ids.decimal(15),
        "actionGroup": action_group,
        "parameters": _typed(parameters),
        "sessionAttributes": dict(session_attributes or {}),
        "promptSessionAttributes": dict(prompt_session_attributes or {}),
    }
    if function is not None:
        event["function"] = function
        return event
    event |= {"apiPath": api_path, "httpMethod": method}
    if body is not None:
        event["requestBody"] = {"content": {"application/json": {"properties": _typed(body)}}}
    return event


_TYPES = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def _typed(values: Mapping[str, object] | None) -> list[dict[str, str]]:
    """Names, types and values, which an agent sends as texts."""
    return [
        {
            "name": name,
            "type": _TYPES.get(type(value), "string"),
            "value": str(value).lower() if isinstance(value, bool) else str(value),
        }
        for name, value in (values or {}).items()
    ]


def ses(
    subject: str = "Order A-1001",
    *,
    sender: str = "jane@example.com",
    recipients: Sequence[str] = ("shop@example.com",),
    headers: Mapping[str, str] | None = None,
    spam: str = "PASS",
    virus: str = "PASS",
    function: str = "shop",
    at: At = None,
    seed: object = None,
) -> SESEvent:
    """A mail that SES received. What it says is not in the event: an action before may have kept it in S3."""
    ids = Ids("ses", subject, sender, list(recipients), headers, seed)
    received = Moment(at, before_s=1)
    of = Resource("lambda", function, "function:")
    message_id = f"<{ids.small(20)}@example.com>"
    written = {
        "Return-Path": f"<{sender}>",
        "From": sender,
        "To": ", ".join(recipients),
        "Subject": subject,
        "Date": received.mail,
        "Message-ID": message_id,
        "MIME-Version": "1.0",
        **(headers or {}),
    }
    record = {
        "eventSource": "aws:ses",
        "eventVersion": "1.0",
        "ses": {
            "mail": {
                "timestamp": received.iso_ms,
                "source": sender,
                "messageId": ids.small(40),
                "destination": list(recipients),
                "headersTruncated": False,
                "headers": [{"name": name, "value": value} for name, value in written.items()],
                "commonHeaders": {
                    "returnPath": sender,
                    "from": [sender],
                    "date": received.mail,
                    "to": list(recipients),
                    "messageId": message_id,
                    "subject": subject,
                },
            },
            "receipt": {
                "timestamp": received.iso_ms,
                "processingTimeMillis": 574,
                "recipients": list(recipients),
                "spamVerdict": {"status": spam},
                "virusVerdict": {"status": virus},
                "spfVerdict": {"status": "PASS"},
                "dkimVerdict": {"status": "PASS"},
                "dmarcVerdict": {"status": "PASS"},
                "action": {"type": "Lambda", "functionArn": of.arn, "invocationType": "Event"},
            },
        },
    }
    return cast("SESEvent", {"Records": [record]})
