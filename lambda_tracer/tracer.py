"""Tracer: what a function decorates its code with. A drop-in for Powertools' `aws_lambda_powertools.Tracer`.

tracer = Tracer(service="payment")

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    tracer.put_annotation("PaymentId", event["id"])
    return charge(event["id"])
"""

from __future__ import annotations

import sys

from . import recording, settings
from .capture import handler
from .capture import method as capture
from .encode import redaction
from .sdk.recorder import Recorder, xray_recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, overload

    LogIds: TypeAlias = bool | Literal["w3c"]
    P = ParamSpec("P")
    R = TypeVar("R")
    FunctionT = TypeVar("FunctionT", bound=Callable[..., Any] | classmethod[Any, Any, Any])

    class HandlerDecorator(Protocol):
        """What `capture_lambda_handler(...)` without a handler returns."""

        @overload
        def __call__(self, lambda_handler: Callable[P, Coroutine[Any, Any, R]], /) -> Callable[P, R]: ...
        @overload
        def __call__(self, lambda_handler: FunctionT, /) -> FunctionT: ...

    class MethodDecorator(Protocol):
        """What `capture_method(...)` without a method returns."""

        def __call__(self, method: FunctionT, /) -> FunctionT: ...

else:
    # What `typing.get_type_hints` looks up; `typing` itself is not imported here (1.6 ms).
    from _collections_abc import Callable, Iterable, Sequence

    Any = object
    LogIds = bool | str


_DEFAULTS: dict[str, Any] = {
    "service": "",
    "disabled": False,
    "off_by_choice": False,
    "auto_patch": True,
    "patch_modules": None,
    "provider": None,
    "event_facts": None,
    "keep": None,
    "log_ids": None,
}

shared: dict[str, Any] = dict(_DEFAULTS)
"""What instances have told those that come after them."""


class Tracer:
    """Traces a Lambda function: its handler, its methods, and the libraries it calls.

    What one instance was told, later ones take over where they are not told otherwise, so that each module of
    a function can make its own. `service`, `disabled`, `auto_patch` and `provider` may be read and set.
    """

    _config = shared

    def __init__(
        self,
        service: str | None = None,
        disabled: bool | None = None,
        auto_patch: bool | None = None,
        patch_modules: Sequence[str] | None = None,
        provider: Any = None,
        *,
        redact: Sequence[str] | bool | None = None,
        trace_imports: bool | None = None,
        event_facts: bool | None = None,
        keep: str | Sequence[str] | bool | None = None,
        log_ids: LogIds | None = None,
    ) -> None:
        """Every argument may be left out.

        `service` names the function in annotations and metadata (default `POWERTOOLS_SERVICE_NAME`).
        `disabled` turns tracing off, for the whole process as in Powertools, and `disabled=False` on again;
        when it is not given, tracing is off outside Lambda, in `sam local`, under Chalice's command line, and
        with `POWERTOOLS_TRACE_DISABLED`. `auto_patch` traces what libraries do, all known ones or those in
        `patch_modules`. `provider` records in the place of our own recorder: anything that satisfies
        Powertools' `BaseProvider`.

        `redact` adds names of secrets to the well-known ones, or turns redaction in responses and errors off (False);
        see the guide to secrets. `trace_imports` records module imports slower than 10 ms, or than
        `LAMBDA_TRACER_IMPORTS_MS`, which turns it on by itself. `event_facts=False` keeps what triggered an invocation,
        and the HTTP request and status, out of the handler's subsegment (default: `LAMBDA_TRACER_EVENT_FACTS`, else
        true). `keep` names the invocations that are written into the log although they are not sampled: `errors`,
        `slow:<milliseconds>`, or both, with a comma between or in a list (default: `LAMBDA_TRACER_KEEP`, else none).
        See the guide to errors that were not sampled.

        `log_ids` adds `xray_trace_id` and `span_id` to every log record of the process, and `log_ids="w3c"` also
        `trace_id` (default: `LAMBDA_TRACER_LOG_IDS`, else false); see the guide to logs.

        Options that are on or off take text, too: empty text, `0`, `n`, `no`, `f`, `false` and `off` are false.

        Raises ValueError for an environment variable that is neither true nor false, for unknown `patch_modules`, and
        for unknown words in `keep`.
        """
        config = self._config
        if disabled is not None:
            disabled = settings.is_on(disabled)
        if trace_imports is not None:
            trace_imports = settings.is_on(trace_imports)
        config["service"] = (settings.service_name() if service is None else service) or config["service"]
        config["disabled"] = (
            (settings.tracing_disabled() or config["disabled"]) if disabled is None else disabled
        )
        if disabled is not None:
            config["off_by_choice"] = disabled
        if auto_patch is not None:
            config["auto_patch"] = settings.is_on(auto_patch)
        if patch_modules is not None:
            config["patch_modules"] = patch_modules
        if provider is not None:
            config["provider"] = provider
        if event_facts is not None:
            config["event_facts"] = settings.is_on(event_facts)
        if keep is not None:
            if keep:
                from .capture import keep_rule  # only where it is asked for

                keep_rule.rule_of(keep)  # raises for a misspelt one, where tracing is off, too
            config["keep"] = keep
        if log_ids is not None:
            config["log_ids"] = settings.log_ids(log_ids)
        self.service: str = config["service"]
        self.disabled: bool = config["disabled"]
        self.auto_patch: bool = config["auto_patch"]
        self.provider: Any = xray_recorder if config["provider"] is None else config["provider"]
        self.event_facts: bool = settings.event_facts(config["event_facts"])
        if self.disabled:
            settings.global_sdk_config.set_sdk_enabled(False)
        elif disabled is not None:
            settings.global_sdk_config.set_sdk_enabled(True)
        if disabled is not False and (self.disabled or settings.is_capturing) and not settings.in_lambda():
            from . import outside  # tests may want to have it on

            outside.note(self, is_off_by_choice=config["off_by_choice"] or settings.switched_off())
        if redact is not None:
            redaction.configure(redact)
        if not self.disabled:
            self._prepare(trace_imports, config["keep"])
        self._name_in_logs(not self.disabled and settings.log_ids(config["log_ids"]))
        if self.auto_patch:
            self.patch(config["patch_modules"])

    # A copy of what keeps a Tracer keeps the same one. Pickled, it is its settings: the recorder is found by its name.

    def __copy__(self) -> Tracer:
        return self

    def __deepcopy__(self, memo: object) -> Tracer:
        return self

    @staticmethod
    def _prepare(trace_imports: bool | None, keep: str | Sequence[str] | bool | None) -> None:
        threshold_s = settings.imports_threshold_s()
        if trace_imports or (threshold_s is not None and trace_imports is None):
            from .sandbox import import_times

            import_times.record(settings.DEFAULT_IMPORTS_MS / 1000 if threshold_s is None else threshold_s)
        if settings.initialization() == "snap-start":
            from .sandbox import snapshot

            snapshot.prepare()
        if keep or recording.kept is not None or (keep is None and settings.keep()):
            from .capture import keeping  # only where it is asked for, or was

            keeping.configure_by(keep)

    @staticmethod
    def _name_in_logs(form: bool | str) -> None:
        if form or "lambda_tracer.log_ids" in sys.modules:
            from . import log_ids  # only where it is asked for

            log_ids.configure(form)

    def put_annotation(self, key: str, value: str | int | float | bool) -> None:
        """Annotate the current subsegment; X-Ray indexes annotations for search. See `Subsegment.put_annotation`."""
        if not self.disabled:
            self.provider.put_annotation(key=key, value=value)

    def put_metadata(
        self, key: str, value: Any, namespace: str | None = None, *, redact: bool = False
    ) -> None:
        """Add a value to the current subsegment, under `namespace` or else the service's name.

        `value` may be anything; see `Subsegment.put_metadata`. It is recorded as it is, unless `redact` asks for
        secrets in it to be left out, as they are in responses.
        """
        if not self.disabled:
            if redact and settings.is_on(redact):
                from .encode import any_value

                value = any_value.redacted(key, value)
            if namespace is None or (type(namespace) is str and not namespace):
                namespace = self.service
            self.provider.put_metadata(key=key, value=value, namespace=namespace)

    def patch(self, modules: Sequence[str] | None = None) -> None:
        """Trace what libraries do: the named ones, or all that are known.

        Raises ValueError for an unknown name, also where tracing is off: a misspelt one shows in a unit test, and not
        when the function starts in Lambda.
        """
        if (self.disabled or settings.is_capturing) and not settings.in_lambda():
            from . import outside

            outside.want(self, modules)
        if self.disabled:
            if modules is not None and isinstance(self.provider, Recorder):
                from .patches.registry import check

                check(modules)
            return
        if modules is None:
            self.provider.patch_all()
        else:
            self.provider.patch(modules)

    def ignore_endpoint(self, hostname: str | None = None, urls: Sequence[str] | None = None) -> None:
        """Do not trace HTTP calls to that host (a glob, without port), to these paths (globs), or to these there.

        For every HTTP client that is traced. Such calls carry no trace header. With no argument nothing is ignored.
        """
        from .patches.http import ignored

        ignored.ignore_endpoint(hostname, urls)

    def trace_context(self) -> dict[str, str]:
        """What a request sent now carries of the trace, for a payload or a message's attributes.

        By the headers' names: `X-Amzn-Trace-Id` and `traceparent` with the current subsegment, and `tracestate` and
        `baggage` where they came in. `LAMBDA_TRACER_PROPAGATORS` leaves some of them out. Empty where there is no
        trace, where tracing is disabled, and where another `provider` records. The dict is yours.
        """
        if self.disabled or not isinstance(self.provider, Recorder):
            return {}
        return self.provider.trace_context()

    if TYPE_CHECKING:

        @overload
        def capture_lambda_handler(
            self,
            lambda_handler: Callable[P, Coroutine[Any, Any, R]],
            capture_response: bool | None = None,
            capture_error: bool | None = None,
        ) -> Callable[P, R]: ...
        @overload
        def capture_lambda_handler(
            self,
            lambda_handler: FunctionT,
            capture_response: bool | None = None,
            capture_error: bool | None = None,
        ) -> FunctionT: ...
        @overload
        def capture_lambda_handler(
            self,
            lambda_handler: None = None,
            capture_response: bool | None = None,
            capture_error: bool | None = None,
        ) -> HandlerDecorator: ...

    def capture_lambda_handler(
        self,
        lambda_handler: Any = None,
        capture_response: bool | None = None,
        capture_error: bool | None = None,
    ) -> Any:
        """Decorate the Lambda handler: each invocation is a subsegment `## <handler's name>`.

        It gets the annotations `ColdStart` and `Service`, and what the event says of its source and its HTTP request
        (see the guides to event sources and HTTP APIs). What the handler returns becomes metadata unless
        `capture_response` is false (default: `POWERTOOLS_TRACER_CAPTURE_RESPONSE`, else true), and so does
        what it raises unless `capture_error` is (`POWERTOOLS_TRACER_CAPTURE_ERROR`); an exception makes the
        subsegment a fault either way.

        A coroutine function becomes a handler that Lambda can call: it runs on one event loop for the life of
        the process, and the tasks it leaves behind are cancelled. Called while a loop runs, it gives the
        coroutine to await.
        """
        response = settings.capture_response(capture_response)
        error = settings.capture_error(capture_error)
        capture_handler: Any = handler.capture_handler
        if settings.segment_name() is not None:
            from .segments import handler as own  # only where it is asked for

            capture_handler = own.capture_with_segment
        if lambda_handler is not None:
            return capture_handler(self, lambda_handler, response, error)
        return lambda function: capture_handler(self, function, response, error)

    if TYPE_CHECKING:

        @overload
        def capture_method(
            self, method: FunctionT, capture_response: bool | None = None, capture_error: bool | None = None
        ) -> FunctionT: ...
        @overload
        def capture_method(
            self, method: None = None, capture_response: bool | None = None, capture_error: bool | None = None
        ) -> MethodDecorator: ...

    def capture_method(
        self, method: Any = None, capture_response: bool | None = None, capture_error: bool | None = None
    ) -> Any:
        """Decorate a function or method: each call is a subsegment `## <module>.<qualified name>`.

        Takes functions, coroutine functions, generators and asynchronous generators, context managers of both
        kinds (above or below `@contextmanager`), `staticmethod` and `classmethod` in either order, and
        callable objects. What is recorded of a generator is what it returns, of a context manager what it
        yields. For the arguments see `capture_lambda_handler`.
        """
        response = settings.capture_response(capture_response)
        error = settings.capture_error(capture_error)
        if method is not None:
            return capture.capture_method(self, method, response, error)
        return lambda function: capture.capture_method(self, function, response, error)

    def records(self, event: Any) -> Iterable[Any]:
        """The records of an event, for a `for` statement: each in a subsegment `## <source> <name>`.

        Sources are SQS (by queue), SNS (by topic), Kinesis (by stream), DynamoDB (by table) and S3 (by bucket).
        A record is recorded if it was sampled when it was sent, or does not say, and the invocation is. Its
        annotations are its id and, where it came from another trace, `ProducerTraceId`. It becomes a fault by an
        exception that leaves the loop at it, and by the decorated handler's answer, if that names it in
        `batchItemFailures`.

        `event` is what the handler was called with, one of Powertools' events, what boto3 received from a queue, or a
        list of records. Records of other sources are given out as they are.
        """
        from .capture.records import Records  # only where it is used

        return Records(self, event)

    def sqs_records(self, event: Any) -> Iterable[Any]:
        """`records` for SQS alone: records of other sources are given out as they are."""
        from .capture.records import SQS, Records  # as above

        return Records(self, event, SQS)

    if TYPE_CHECKING:

        @overload
        def capture_record(
            self,
            function: FunctionT,
            *,
            capture_response: bool | None = None,
            capture_error: bool | None = None,
        ) -> FunctionT: ...
        @overload
        def capture_record(
            self,
            function: None = None,
            *,
            capture_response: bool | None = None,
            capture_error: bool | None = None,
        ) -> MethodDecorator: ...

    def capture_record(
        self, function: Any = None, *, capture_response: bool | None = None, capture_error: bool | None = None
    ) -> Any:
        """Decorate what handles one record, Powertools' record handler say: each call is a subsegment.

        The record is the argument `record`, or else the first that is one. Name, annotations and sampling are those
        of `records`; for the arguments see `capture_lambda_handler`.
        """
        from .capture.records import capture_record_handler  # as above

        return capture_record_handler(self, function, capture_response, capture_error)

    if TYPE_CHECKING:

        @overload
        def capture_sqs_record(
            self,
            function: FunctionT,
            *,
            capture_response: bool | None = None,
            capture_error: bool | None = None,
        ) -> FunctionT: ...
        @overload
        def capture_sqs_record(
            self,
            function: None = None,
            *,
            capture_response: bool | None = None,
            capture_error: bool | None = None,
        ) -> MethodDecorator: ...

    def capture_sqs_record(
        self, function: Any = None, *, capture_response: bool | None = None, capture_error: bool | None = None
    ) -> Any:
        """`capture_record` for SQS alone: whatever the record is, it is taken for a message."""
        from .capture.records import SQS, capture_record_handler  # as above

        return capture_record_handler(self, function, capture_response, capture_error, SQS)

    @classmethod
    def _reset_config(cls) -> None:
        """Forget what instances shared, for tests; Powertools' Tracer has it under this name."""
        cls._config.update(_DEFAULTS)
        cls._name_in_logs(False)
        settings.global_sdk_config.set_sdk_enabled(True)
