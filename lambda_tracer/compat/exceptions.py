"""The exceptions of the X-Ray SDK, for `except` clauses. Few are ever raised: see each."""

from __future__ import annotations

from ..send.daemon_address import InvalidDaemonAddressException

__all__ = [
    "AlreadyEndedException",
    "FacadeSegmentMutationException",
    "InvalidDaemonAddressException",
    "InvalidSamplingManifestError",
    "MissingPluginNames",
    "SegmentNameMissingException",
    "SegmentNotFoundException",
    "SubsegmentNameMissingException",
]

_MODULE = "aws_xray_sdk.core.exceptions.exceptions"


class AlreadyEndedException(Exception):
    """Something that has ended was to be changed. Never raised: it is ignored, with one log message."""

    __module__ = _MODULE


class FacadeSegmentMutationException(Exception):
    """Lambda's segment was to be changed. Never raised: it is ignored, with one log message."""

    __module__ = _MODULE


class InvalidSamplingManifestError(Exception):
    """Sampling rules can't be read. Never raised: in Lambda nobody reads them."""

    __module__ = _MODULE


class MissingPluginNames(Exception):
    """No plugin was named. Raised by `get_plugin_modules`, as in the SDK."""

    __module__ = _MODULE


class SegmentNameMissingException(Exception):
    """A segment has no name. Never raised: it is called `unnamed`."""

    __module__ = _MODULE


class SegmentNotFoundException(Exception):
    """No segment is open. Raised outside Lambda alone, where `context_missing` is `RUNTIME_ERROR`."""

    __module__ = _MODULE


class SubsegmentNameMissingException(Exception):
    """A subsegment has no name. Never raised: it is called `unnamed`."""

    __module__ = _MODULE
