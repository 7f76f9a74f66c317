"""How each tracer is set up, as its own documentation says for a function on Lambda. One class each.

Making an instance imports and constructs the tracer and patches libraries: that is what a cold start pays.
`handler` and `method` decorate. A method's response is recorded where the tracer can; the OpenTelemetry ways and
Datadog record none by themselves, so there the decorator does what one would write by hand: an attribute with the
response as JSON.

`BENCHMARK_MODE` is sampled, unsampled, kept (unsampled, with `keep`) or disabled, which is a matter of environment
variables (`VARIABLES`) or of the invocation's header.
"""

import functools
import os
import secrets
import sys
import time

MODE = os.environ.get("BENCHMARK_MODE", "sampled")


def make(name):
    """The subject, ready to trace; its environment variables are set first."""
    kind = SUBJECTS[name]
    os.environ.update(kind.VARIABLES.get("always", {}))
    os.environ.update(kind.VARIABLES.get(MODE, {}))
    return kind()


def new_header():
    """What Lambda puts into _X_AMZN_TRACE_ID."""
    sampled = 0 if MODE in ("unsampled", "kept") else 1
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled={sampled}"


def new_context():
    """The runtime client's own context object, fifteen minutes before its deadline."""
    from awslambdaric.lambda_context import LambdaContext

    deadline_ms = int(time.time() * 1000) + 900_000
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:benchmark"
    return LambdaContext("8476a536-e9f4-11e8-9739-2dfe598c3fcd", {}, {}, deadline_ms, arn)


class Bare:
    """No tracer."""

    VARIABLES = {}

    def handler(self, function):
        return function

    method = async_method = generator = handler


class Ours:
    VARIABLES = {
        "disabled": {"POWERTOOLS_TRACE_DISABLED": "true"},
        "kept": {"LAMBDA_TRACER_KEEP": "errors,slow:2000"},
    }

    def __init__(self):
        from lambda_tracer import Tracer

        self._tracer = Tracer()

    def handler(self, function):
        return self._tracer.capture_lambda_handler(function)

    def method(self, function):
        return self._tracer.capture_method(function)

    async_method = generator = method

    def name_in_logs(self, is_on):
        type(self._tracer)(log_ids=is_on)


class Powertools(Ours):
    def __init__(self):
        from aws_lambda_powertools import Tracer

        self._tracer = Tracer()


class Unchanged(Powertools):
    """Powertools as it is, on the X-Ray SDK's names that lambda_tracer has."""

    def __init__(self):
        import lambda_tracer.compat

        lambda_tracer.compat.install()
        super().__init__()


class Sdk:
    """The X-Ray SDK by itself; it records no responses."""

    VARIABLES = {"disabled": {"AWS_XRAY_SDK_ENABLED": "false"}}
    generator = None  # ends the subsegment before the generator has begun

    def __init__(self):
        from aws_xray_sdk.core import patch_all, xray_recorder

        patch_all()
        self._recorder = xray_recorder

    def handler(self, function):
        return self._recorder.capture(function.__name__)(function)

    def method(self, function):
        return self._recorder.capture(function.__name__)(function)

    def async_method(self, function):
        return self._recorder.capture_async(function.__name__)(function)


class _Spans:
    """What one writes by hand for a tracer that has spans and records no responses.

    `_start(name)` opens a span as a context manager, `_put(span, response)` gives it the response as JSON.
    """

    def method(self, function):
        start, put, name = self._start, self._put, function.__qualname__

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with start(name) as span:
                response = function(*args, **kwargs)
                put(span, response)
                return response

        return wrapper

    def async_method(self, function):
        start, put, name = self._start, self._put, function.__qualname__

        @functools.wraps(function)
        async def wrapper(*args, **kwargs):
            with start(name) as span:
                response = await function(*args, **kwargs)
                put(span, response)
                return response

        return wrapper

    def generator(self, function):
        start, put, name = self._start, self._put, function.__qualname__

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with start(name) as span:
                response = yield from function(*args, **kwargs)
                put(span, response)
                return response

        return wrapper


class _OpenTelemetry(_Spans):
    """What ADOT's two forms share: spans through the OpenTelemetry API, the handler through its instrumentor."""

    @staticmethod
    def _put(span, response):
        if response is not None:
            span.set_attribute("response", _json(response))

    def __init__(self):
        from opentelemetry.trace import get_tracer

        self._start = get_tracer("benchmark").start_as_current_span

    def handler(self, function):
        # The instrumentor replaces the attribute that _HANDLER names, in a module that is imported by then.
        from types import ModuleType

        from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor

        module = ModuleType("instrumented")
        module.lambda_handler = function
        sys.modules["instrumented"] = module
        os.environ["ORIG_HANDLER"] = "instrumented.lambda_handler"
        AwsLambdaInstrumentor().instrument()
        return module.lambda_handler


class Api(_OpenTelemetry):
    """OpenTelemetry's API without a provider: spans that do nothing."""

    VARIABLES = {}

    def handler(self, function):
        return function


class Bridged(_OpenTelemetry):
    """Our Tracer, in a function that starts spans with OpenTelemetry's API."""

    VARIABLES = Ours.VARIABLES

    def __init__(self):
        from lambda_tracer import Tracer

        self._tracer = Tracer()
        super().__init__()

    def handler(self, function):
        return self._tracer.capture_lambda_handler(function)


class OtelSdk(_OpenTelemetry):
    """OpenTelemetry's SDK with its batch processor, and an exporter that drops what it is given."""

    VARIABLES = {"disabled": {"OTEL_SDK_DISABLED": "true"}}

    def __init__(self):
        from opentelemetry.sdk.trace import TracerProvider, sampling
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
        from opentelemetry.trace import set_tracer_provider

        class Nowhere(SpanExporter):
            def export(self, spans):
                return SpanExportResult.SUCCESS

        sampler = sampling.ALWAYS_OFF if MODE == "unsampled" else sampling.ALWAYS_ON
        provider = TracerProvider(sampler=sampler)
        provider.add_span_processor(BatchSpanProcessor(Nowhere()))
        set_tracer_provider(provider)
        super().__init__()

    def handler(self, function):
        return self.method(function)


class AdotLite(_OpenTelemetry):
    """ADOT's fast start: what its layer does with OTEL_AWS_LAMBDA_FAST_START=true."""

    VARIABLES = {
        "always": {
            "OTEL_AWS_LAMBDA_FAST_START": "true",
            "OTEL_AWS_APPLICATION_SIGNALS_ENABLED": "true",
            "OTEL_SERVICE_NAME": "benchmark",
        },
    }

    def __init__(self):
        from amazon.opentelemetry.distro.opentelemetry_lite_sdk import configure_lite_mode

        configure_lite_mode()
        super().__init__()


class Adot(_OpenTelemetry):
    """ADOT in full, with the variables that its layer sets.

    There the instrumentation begins before the runtime client does, in an interpreter started twice. Here it begins
    in `__init__`, unless the process was started that way: the runtime loop's is.
    """

    VARIABLES = {
        "always": {
            "OTEL_SERVICE_NAME": "benchmark",
            "OTEL_PROPAGATORS": "baggage,xray,tracecontext",
            "OTEL_PYTHON_DISTRO": "aws_distro",
            "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
            "OTEL_AWS_APPLICATION_SIGNALS_ENABLED": "true",
            "OTEL_AWS_APPLICATION_SIGNALS_RUNTIME_ENABLED": "false",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_RESOURCE_ATTRIBUTES": "cloud.region=eu-west-1,cloud.platform=aws_lambda,faas.name=benchmark",
            # The layer traces botocore, urllib and urllib3 unless told otherwise; requests works through urllib3.
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": (
                "aio-pika,aiohttp-client,aiohttp-server,aiopg,asgi,asyncio,asyncpg,boto,boto3,cassandra,celery,"
                "confluent_kafka,dbapi,django,elasticsearch,falcon,fastapi,flask,grpc_client,grpc_server,"
                "grpc_aio_client,grpc_aio_server,httpx,jinja2,kafka,logging,mysql,mysqlclient,pika,psycopg,psycopg2,"
                "pymemcache,pymongo,pymysql,pyramid,redis,remoulade,requests,sklearn,sqlalchemy,sqlite3,starlette,"
                "system_metrics,threading,tornado,tortoiseorm,wsgi,openai_agents,aws_openai_agents,aws_crewai,"
                "aws_langchain,aws_mcp,aws_llama-index,aws-lambda"
            ),
        },
        "disabled": {"OTEL_SDK_DISABLED": "true"},
    }

    def __init__(self):
        if "opentelemetry.sdk.trace" not in sys.modules:
            from opentelemetry.instrumentation.auto_instrumentation import initialize

            initialize()
        super().__init__()


class Datadog(_Spans):
    """Datadog's library without its extension, which can't be had here: it writes the trace to standard output."""

    VARIABLES = {
        "always": {
            "DD_SERVICE": "benchmark",
            "DD_FLUSH_TO_LOG": "true",
            "DD_TRACE_ENABLED": "true",
            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        },
        "unsampled": {"DD_TRACE_SAMPLING_RULES": '[{"sample_rate": 0}]'},
        "disabled": {"DD_TRACE_ENABLED": "false"},
    }

    @staticmethod
    def _put(span, response):
        if response is not None:
            span.set_tag("response", _json(response))

    def __init__(self):
        from datadog_lambda.wrapper import datadog_lambda_wrapper
        from ddtrace.trace import tracer

        self._wrap_handler = datadog_lambda_wrapper
        self._start = tracer.trace

    def handler(self, function):
        return self._wrap_handler(function)


def _json(response):
    import json

    return json.dumps(response)


SUBJECTS = {
    "bare": Bare,
    "ours": Ours,
    "powertools": Powertools,
    "unchanged": Unchanged,
    "sdk": Sdk,
    "adot_lite": AdotLite,
    "adot": Adot,
    "datadog": Datadog,
    "api": Api,
    "bridged": Bridged,
    "otel_sdk": OtelSdk,
}
