"""ARNs in events and requests: what of them is shown is the resource's own name."""

from __future__ import annotations

MAX_ARN_CHARACTERS = 2_048


def short_name(arn: object) -> str | None:
    """The name of the resource that an ARN is of: a queue, topic, stream, table, bucket, bus, rule or function.

    None for whatever is no ARN. `arn:aws:dynamodb:...:table/orders/stream/2026-...` gives `orders`, and
    `arn:aws:events:...:rule/bus/nightly` `nightly`.
    """
    if type(arn) is not str or len(arn) > MAX_ARN_CHARACTERS or not arn.startswith("arn:"):
        return None
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return None
    service, resource = parts[2], parts[5]
    kind, slash, rest = resource.partition("/")
    if service in ("dynamodb", "kinesis") and slash:  # a stream of it follows, or a consumer
        return rest.partition("/")[0] or None
    if kind == "rule" and slash:
        return rest.rpartition("/")[2] or None
    if service == "lambda" or (service == "states" and not slash):
        names = resource.split(":")  # function:NAME[:ALIAS], stateMachine:NAME, execution:NAME:ID
        return (names[1] if len(names) > 1 else names[0]) or None
    if service in ("s3", "sns"):  # a key may follow, or a subscription
        return kind.partition(":")[0] or None
    return rest or None if slash else resource.rpartition(":")[2] or None
