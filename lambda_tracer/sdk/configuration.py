"""What `Recorder.configure` changes."""

from __future__ import annotations

from .. import settings
from ..guard import Late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ..segments import configured

    class Configured(Protocol):
        """The recorder."""

        emitter: Any
        max_trace_back: int
        stream_sql: bool
        service: str | None

else:
    configured = Late("lambda_tracer.segments.configured")


def configure(
    recorder: Configured,
    sampling_rules: Any,
    plugins: Any,
    daemon_address: str | None,
    service: str | None,
    emitter: Any,
    max_trace_back: int | None,
    stream_sql: bool | None,
    sampler: Any,
    **kept: Any,
) -> None:
    """See `Recorder.configure`. `kept` are settings without effect, which code may read again."""
    if emitter is not None:
        recorder.emitter = emitter
    if daemon_address is not None:
        recorder.emitter.set_daemon_address(daemon_address)
    if type(max_trace_back) is int and max_trace_back >= 0:
        recorder.max_trace_back = max_trace_back
    if stream_sql is not None:
        recorder.stream_sql = settings.is_on(stream_sql)
    if service is not None:
        recorder.service = settings.tracing_name() or service
    for name, value in {"sampler": sampler, **kept}.items():
        if value is not None:
            setattr(recorder, name, value)
    if settings.segment_name() is not None and not settings.is_real_lambda():
        configured.configure(
            sampling_rules=sampling_rules,
            own_sampler=sampler,
            plugins=plugins,
            daemon_address=daemon_address,
        )
