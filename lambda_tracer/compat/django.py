"""The X-Ray SDK's Django application and middleware. See `middlewares` for what a request records.

Database calls are recorded by the patches of the drivers; templates are not.
"""

from __future__ import annotations

import os
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core.exceptions import SuspiciousOperation
from django.test.signals import setting_changed

from ..guard import failed, pass_on
from ..patches import registry
from ..sdk.recorder import xray_recorder
from .detached import runs_in_invocation
from .middlewares import Request
from .patches import patch

XRAY_NAMESPACE = "XRAY_RECORDER"
SUPPORTED_ENV_VARS = ("AWS_XRAY_DAEMON_ADDRESS", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_TRACING_NAME")
DEFAULTS: dict[str, Any] = {
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    "AUTO_INSTRUMENT": True,
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "PLUGINS": (),
    "SAMPLING": True,
    "SAMPLING_RULES": None,
    "SAMPLER": None,
    "AWS_XRAY_TRACING_NAME": None,
    "DYNAMIC_NAMING": None,
    "STREAMING_THRESHOLD": None,
    "MAX_TRACE_BACK": None,
    "STREAM_SQL": True,
    "PATCH_MODULES": [],
    "AUTO_PATCH_PARENT_SEGMENT_NAME": None,
    "IGNORE_MODULE_PATTERNS": [],
    "URLS_AS_ANNOTATION": "LAMBDA",
}
USER_AGENT_KEY, X_FORWARDED_KEY, REMOTE_ADDR_KEY = "HTTP_USER_AGENT", "HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"
HOST_KEY, CONTENT_LENGTH_KEY = "HTTP_HOST", "content-length"
_DRIVERS = ("sqlite3", "psycopg2", "psycopg", "pymysql", "mysql")


class XRaySettings:
    """The settings `XRAY_RECORDER`: of each the environment's value, the project's, or the default."""

    __module__ = "aws_xray_sdk.ext.django.conf"

    def __init__(self, user_settings: dict[str, Any] | None = None) -> None:
        """`user_settings` in the place of the project's."""
        self.defaults = DEFAULTS
        self._given = user_settings

    @property
    def user_settings(self) -> dict[str, Any]:
        """The project's."""
        return self._given or getattr(django_settings, XRAY_NAMESPACE, None) or {}

    def __getattr__(self, name: str) -> Any:
        if name not in DEFAULTS:
            raise AttributeError(f"{XRAY_NAMESPACE} has no setting {name!r}")
        given = self.user_settings.get(name)
        value = DEFAULTS[name] if given is None else given
        return os.environ.get(name, value) if name in SUPPORTED_ENV_VARS else value


settings = XRaySettings()


def reload_settings(*args: Any, **kwargs: Any) -> None:
    """The project's settings were changed, by a test say."""
    if kwargs["setting"] == XRAY_NAMESPACE:
        settings._given = kwargs["value"]


setting_changed.connect(reload_settings)


class XRayConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """The application `aws_xray_sdk.ext.django`."""

    __module__ = "aws_xray_sdk.ext.django.apps"
    name = "aws_xray_sdk.ext.django"

    def ready(self) -> None:
        """Configure the recorder as the project's settings say, and patch what they name."""
        xray_recorder.configure(
            daemon_address=settings.AWS_XRAY_DAEMON_ADDRESS,
            sampling=settings.SAMPLING,
            sampling_rules=settings.SAMPLING_RULES,
            sampler=settings.SAMPLER,
            context_missing=settings.AWS_XRAY_CONTEXT_MISSING,
            plugins=settings.PLUGINS,
            service=settings.AWS_XRAY_TRACING_NAME,
            dynamic_naming=settings.DYNAMIC_NAMING,
            streaming_threshold=settings.STREAMING_THRESHOLD,
            max_trace_back=settings.MAX_TRACE_BACK,
            stream_sql=settings.STREAM_SQL,
        )
        if settings.PATCH_MODULES:
            patch(settings.PATCH_MODULES, ignore_module_patterns=settings.IGNORE_MODULE_PATTERNS)
        if settings.AUTO_INSTRUMENT:
            patch_db()


def patch_db() -> None:
    """Trace the drivers of Django's databases."""
    registry.patch(_DRIVERS)


def patch_template() -> None:
    """Does nothing: templates are not traced."""


class XRayMiddleware:
    """`aws_xray_sdk.ext.django.middleware.XRayMiddleware`."""

    __module__ = "aws_xray_sdk.ext.django.middleware"

    def __init__(self, get_response: Any) -> None:
        """`get_response` answers."""
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        """Answer a request, in a subsegment or a segment of its own."""
        begun = _begun(request)
        if begun is None:
            return self.get_response(request)
        try:
            response = self.get_response(request)
            _answered(begun, response)
            return response
        finally:
            begun.ends()

    def process_exception(self, request: Any, exception: BaseException) -> None:
        """A view raised."""
        begun = request.META.get("lambda_tracer.compat.request")
        if begun is not None:
            begun.fails(exception)


def _begun(request: Any) -> Request | None:
    begun = None
    try:
        meta = request.META
        begun = Request(xray_recorder, meta.get("HTTP_HOST") or "", meta, request.method, request.path)
        meta["lambda_tracer.compat.request"] = begun
        try:
            url = request.build_absolute_uri().partition("?")[0]
        except SuspiciousOperation as error:  # of a host that is not allowed: Django answers 400
            pass_on(error)
            url = request.path
        user_agent = meta.get("HTTP_USER_AGENT")
        begun.asks(url, request.method, user_agent, meta.get("HTTP_X_FORWARDED_FOR"), meta.get("REMOTE_ADDR"))
        if _urls_are_annotated():
            for key, value in (("url", url), ("method", request.method), ("user_agent", user_agent)):
                if value:
                    begun.subsegment.put_annotation(key, value)
    except Exception as error:
        failed(error)
    return begun


def _urls_are_annotated() -> bool:
    """Whether what is asked is annotated, too: X-Ray finds a segment by its URL, but no subsegment."""
    asked = settings.URLS_AS_ANNOTATION
    return asked == "ALL" or (asked == "LAMBDA" and runs_in_invocation())


def _answered(begun: Request, response: Any) -> None:
    try:
        length = response.get("Content-Length")
        response["X-Amzn-Trace-Id"] = begun.answers(response.status_code, length)
        if _urls_are_annotated():
            begun.subsegment.put_annotation("status", response.status_code)
    except Exception as error:
        failed(error)
