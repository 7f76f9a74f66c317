"""SDKConfig: the switch that turns recording off, as the X-Ray SDK has it, with class methods."""

from __future__ import annotations

from ..settings import global_sdk_config as switch


class SDKConfig:
    """Turns recording on and off for the whole process; see `lambda_tracer.global_sdk_config`."""

    __module__ = "aws_xray_sdk.sdk_config"

    XRAY_ENABLED_KEY = "AWS_XRAY_SDK_ENABLED"
    DISABLED_ENTITY_NAME = "dummy"

    @classmethod
    def sdk_enabled(cls) -> bool:
        """Whether recording is on."""
        return switch.sdk_enabled()

    @classmethod
    def set_sdk_enabled(cls, value: bool) -> None:
        """Turn recording on or off."""
        switch.set_sdk_enabled(value)


global_sdk_config = SDKConfig()
VERSION = "2.15.0"
"""The release of the SDK whose names these are."""
