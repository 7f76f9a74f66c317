"""Of an EC2 instance, its metadata service says what it is. Only by its second version, or as the first allows.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
"""

from __future__ import annotations

import json

from ... import surroundings
from ...clock import clock
from ...guard import pass_on, warn_once
from ..exchange import TIMEOUT_S, NoAnswer, address_in, exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SERVICE_NAME = "ec2"
ORIGIN = "AWS::EC2::Instance"

TOKEN_TTL_S = 60
"""How long what is asked with may be asked with: it is used once."""

DOCUMENT = "/latest/dynamic/instance-identity/document"
FIELDS = {
    "instance_id": "instanceId",
    "availability_zone": "availabilityZone",
    "instance_type": "instanceType",
    "ami_id": "imageId",
}
"""What X-Ray calls it, and how the service does."""


def read() -> dict[str, Any]:
    """What X-Ray knows of instances, as far as it could be read within a second; empty where this is none."""
    if surroundings.ec2_metadata_is_disabled():
        return {}
    until = clock.monotonic() + TIMEOUT_S
    try:
        address, prefix = address_in(surroundings.ec2_metadata_endpoint())
        token = _token(address, prefix, until)
        headers = {"X-aws-ec2-metadata-token": token} if token else {}
        told = json.loads(
            exchange(address, "GET", prefix + DOCUMENT, headers=headers, timeout_s=_left(until))
        )
        return {name: told[called] for name, called in FIELDS.items() if isinstance(told.get(called), str)}
    except (NoAnswer, ValueError, AttributeError, RecursionError) as error:
        pass_on(error)
        reason = str(error) if type(error) is NoAnswer else type(error).__name__
        warn_once("plugin ec2", "plugin EC2Plugin: the metadata service says nothing (%s)", reason)
    return {}


def _token(address: tuple[str, int], prefix: str, until: float) -> str:
    """What the second version is asked with; empty where nobody gives it: the first may be switched on."""
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_TTL_S)}
    try:
        token = exchange(
            address, "PUT", f"{prefix}/latest/api/token", headers=headers, timeout_s=_left(until)
        )
        return token.decode("ascii")
    except (NoAnswer, ValueError) as error:
        pass_on(error)
        return ""


def _left(until: float) -> float:
    left = until - clock.monotonic()
    if left <= 0:
        raise NoAnswer("TimeoutError")
    return left
