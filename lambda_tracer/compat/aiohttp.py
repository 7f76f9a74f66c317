"""The hooks of the X-Ray SDK for aiohttp's client, for a `TraceConfig` that somebody puts together by hand."""

from __future__ import annotations

from typing import Any

import aiohttp

from .. import recording
from .util import get_hostname, inject_trace_header, strip_url

REMOTE_NAMESPACE = "remote"
LOCAL_NAMESPACE = "local"
LOCAL_EXCEPTIONS = (aiohttp.ClientConnectionError, OSError)


async def begin_subsegment(session: Any, trace_config_ctx: Any, params: Any) -> None:
    """A request starts."""
    name = getattr(trace_config_ctx, "name", None) or get_hostname(str(params.url))
    subsegment = recording.default.begin_subsegment(name, REMOTE_NAMESPACE)
    trace_config_ctx.subsegment = subsegment
    subsegment.put_http_meta("method", params.method)
    subsegment.put_http_meta("url", strip_url(str(params.url.with_user(None))))
    inject_trace_header(params.headers, subsegment)


async def end_subsegment(session: Any, trace_config_ctx: Any, params: Any) -> None:
    """It has been answered."""
    trace_config_ctx.subsegment.put_http_meta("status", params.response.status)
    trace_config_ctx.subsegment.close()


async def end_subsegment_with_exception(session: Any, trace_config_ctx: Any, params: Any) -> None:
    """It has failed."""
    subsegment = trace_config_ctx.subsegment
    subsegment.add_exception(params.exception)
    if isinstance(params.exception, LOCAL_EXCEPTIONS) and subsegment.sampled:
        subsegment.namespace = LOCAL_NAMESPACE
    subsegment.close()
