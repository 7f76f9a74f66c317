"""What the environment says of where this runs: which version of a function, or which instance or container.

Each variable is read when it is asked for, as those in `settings` are.
"""

from __future__ import annotations

import os


def function_version() -> str:
    """`AWS_LAMBDA_FUNCTION_VERSION`: which version of the function runs."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "")


def function_facts() -> dict[str, str]:
    """What Lambda's variables say of the function, under OpenTelemetry's names for it; of those that are set."""
    named = {
        "cloud.region": "AWS_REGION",
        "faas.name": "AWS_LAMBDA_FUNCTION_NAME",
        "faas.version": "AWS_LAMBDA_FUNCTION_VERSION",
        "faas.instance": "AWS_LAMBDA_LOG_STREAM_NAME",
        "service.name": "OTEL_SERVICE_NAME",
    }
    return {name: os.environ[variable] for name, variable in named.items() if os.environ.get(variable)}


def ec2_metadata_endpoint() -> str:
    """`AWS_EC2_METADATA_SERVICE_ENDPOINT`: where an instance's metadata service is, else where it is by default.

    `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` says which default that is: `IPv4` or `IPv6`.
    """
    is_ipv6 = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "").strip().lower() == "ipv6"
    default = "http://[fd00:ec2::254]" if is_ipv6 else "http://169.254.169.254"
    return os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "").strip() or default


def ec2_metadata_is_disabled() -> bool:
    """Whether `AWS_EC2_METADATA_DISABLED` is true: then nobody asks an instance's metadata service."""
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").strip().lower() == "true"


def ecs_metadata_url() -> str:
    """`ECS_CONTAINER_METADATA_URI_V4`, or `ECS_CONTAINER_METADATA_URI`: where ECS describes a container."""
    return (
        os.environ.get("ECS_CONTAINER_METADATA_URI_V4", "")
        or os.environ.get("ECS_CONTAINER_METADATA_URI", "")
    ).strip()
