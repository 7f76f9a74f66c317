"""S3: notifications, Batch Operations, Object Lambda.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/olap-event-context.html
"""

from __future__ import annotations

from typing import cast
from urllib.parse import quote_plus

from .request import CLIENT
from .values import ACCOUNT, REGION, Ids, Moment, Resource, joined, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aws_lambda_typing.events import S3BatchEvent, S3Event

    from .values import At

_KEY = "invoices/A-1001.pdf"


def s3(
    *keys: str,
    bucket: str = "shop-invoices",
    name: str = "ObjectCreated:Put",
    size_bytes: int = 1_024,
    version_id: str | None = None,
    region: str = REGION,
    at: At = None,
    seed: object = None,
) -> S3Event:
    """A notification of S3. A key is given as it is, and encoded as in a URL in the event, as S3 does."""
    of = Resource("s3", bucket)
    happened = Moment(at, before_s=0.5)
    event: S3Event = {"Records": []}
    for index, key in enumerate(keys or (_KEY,)):
        ids = Ids("s3", of.name, index, key, name, seed)
        event["Records"].append(
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": region,
                "eventTime": happened.iso_ms,
                "eventName": name,
                "userIdentity": {"principalId": "AWS:AIDAEXAMPLEEXAMPLE123"},
                "requestParameters": {"sourceIPAddress": CLIENT},
                "responseElements": {"x-amz-request-id": ids.capital(16), "x-amz-id-2": ids.base64(32)},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": ids.uuid(),
                    "bucket": {
                        "name": of.name,
                        "ownerIdentity": {"principalId": "A3EXAMPLEEXAM"},
                        "arn": f"arn:aws:s3:::{of.name}",
                    },
                    "object": {"key": quote_plus(key, safe="/"), "sequencer": ids.hexadecimal(18).upper()},
                },
            }
        )
        changed = event["Records"][-1]["s3"]["object"]
        if not name.startswith("ObjectRemoved"):
            changed["size"], changed["eTag"] = size_bytes, ids.hexadecimal(32)
        if version_id is not None:
            changed["versionId"] = version_id
    return event


def s3_batch(
    *keys: str,
    bucket: str = "shop-invoices",
    schema: str = "1.0",
    user_arguments: Mapping[str, str] | None = None,
    version_id: str | None = None,
    seed: object = None,
) -> S3BatchEvent:
    """A task of S3 Batch Operations. `schema` 2.0 has `user_arguments`, and the bucket by its name."""
    of = Resource("s3", bucket)
    ids = Ids("s3_batch", of.name, keys, schema, seed)
    job: dict[str, Any] = {"id": ids.uuid()}
    if schema != "1.0":
        job["userArguments"] = dict(user_arguments or {})
    named = {"s3BucketArn": f"arn:aws:s3:::{of.name}"} if schema == "1.0" else {"s3Bucket": of.name}
    tasks = [
        {
            "taskId": ids.base64(24),
            "s3Key": quote_plus(key, safe="/"),
            "s3VersionId": version_id,
            **named,
        }
        for key in keys or (_KEY,)
    ]
    event = {
        "invocationSchemaVersion": schema,
        "invocationId": ids.base64(32),
        "job": job,
        "tasks": tasks,
    }
    return cast("S3BatchEvent", event)  # the definition is that of schema 1.0


def s3_object_lambda(
    key: str = _KEY,
    *,
    access_point: str = "shop-redacted",
    supporting_access_point: str = "shop-invoices",
    payload: object = "",
    headers: Mapping[str, str] | None = None,
    seed: object = None,
) -> dict[str, Any]:
    """A GetObject through an access point of S3 Object Lambda. `payload` is that of its configuration."""
    point = Resource("s3-object-lambda", access_point, "accesspoint/")
    supporting = Resource("s3", supporting_access_point, "accesspoint/")
    ids = Ids("s3_object_lambda", point.arn, key, seed)
    path = f"/{quote_plus(key, safe='/')}"
    host = f"{supporting.name}-{supporting.account}.s3-accesspoint.{supporting.region}.amazonaws.com"
    asked = f"{point.name}-{point.account}.s3-object-lambda.{point.region}.amazonaws.com"
    signed = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host&X-Amz-Signature={ids.hexadecimal(64)}"
    )
    return {
        "xAmzRequestId": ids.uuid(),
        "getObjectContext": {
            "inputS3Url": f"https://{host}{path}?{signed}",
            "outputRoute": f"io-use1-{ids.hexadecimal(3)}",
            "outputToken": ids.base64(32),
        },
        "configuration": {
            "accessPointArn": point.arn,
            "supportingAccessPointArn": supporting.arn,
            "payload": text(payload),
        },
        "userRequest": {
            "url": f"https://{asked}{path}",
            "headers": joined({"Host": asked, "Accept-Encoding": "identity"}, headers),
        },
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLEEXAMPLE123",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/jane",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLEEXAMPLE12",
            "userName": "jane",
        },
        "protocolVersion": "1.00",
    }
