"""The modules of `aws_xray_sdk`, and what each name in them stands for.

By a module's name below `aws_xray_sdk`: parts with a semicolon between, each a home and the names that come from there,
`name=other` where it has another name at home. A home is a module beside this one; `/` before it means one of the
package's rooms, `log` the module's own logger, and `module` another module of this table.
"""

from __future__ import annotations

_HTTP_NAMES = (
    "URL METHOD USER_AGENT CLIENT_IP X_FORWARDED_FOR STATUS CONTENT_LENGTH XRAY_HEADER ALT_XRAY_HEADER "
    "request_keys response_keys"
)
_HTTP = "module: http=core.models.http"
_STACKTRACE = "module: stacktrace=core.utils.stacktrace"
_RECORDER = "recorder: xray_recorder"
_UTIL = (
    "util: calculate_sampling_decision calculate_segment_name construct_xray_header prepare_response_header"
)
_IN_LAMBDA = "context: check_in_lambda LambdaContext"
_SWITCH = "config: global_sdk_config"
_PATCHED = "patches: _PATCHED_MODULES"
_CONNECTION = "sql: XRayTracedConn"


def _library(name: str, *others: str, unpatch: bool = False) -> tuple[str, str]:
    """What the package of a library has, and its module `patch`."""
    of_library = f"patches: patch={name}.patch" + (f" unpatch={name}.unpatch" if unpatch else "")
    return of_library, "; ".join([of_library, *others])


_AIOBOTOCORE = _library("aiobotocore", _RECORDER, "util: inject_header aws_meta_processor")
_BOTOCORE = _library("botocore", _RECORDER, "util: inject_header aws_meta_processor")
_HTTPLIB = _library(
    "httplib",
    "util: add_ignored reset_ignored inject_trace_header get_hostname strip_url unwrap",
    _RECORDER,
    _HTTP,
    _PATCHED,
    "exceptions: SegmentNotFoundException",
    unpatch=True,
)
_HTTPX = _library(
    "httpx", "httpx: SyncInstrumentedTransport AsyncInstrumentedTransport", _RECORDER, _HTTP,
    "util: inject_trace_header get_hostname",
)  # fmt: skip
_MYSQL = _library("mysql", _CONNECTION)
_PG8000 = _library("pg8000", _CONNECTION, _PATCHED, "util: unwrap", unpatch=True)
_PSYCOPG = _library("psycopg", _CONNECTION)
_PSYCOPG2 = _library("psycopg2", "sql: XRayTracedConn XRayTracedCursor")
_PYMONGO = _library("pymongo", "patches: XrayCommandListener=command_listener", _RECORDER)
_PYMYSQL = _library("pymysql", _CONNECTION, _PATCHED, "util: unwrap", unpatch=True)
_PYNAMODB = _library("pynamodb", _RECORDER, _HTTP)
_REQUESTS = _library("requests", _RECORDER, _HTTP, "util: inject_trace_header strip_url get_hostname")
_SQLALCHEMY_CORE = _library("sqlalchemy_core", _RECORDER, _PATCHED, _STACKTRACE, "util: unwrap", unpatch=True)
_SQLITE3 = _library("sqlite3", "sql: XRayTracedSQLite XRayTracedConn")

MODULES: dict[str, str] = {
    "": "config: global_sdk_config SDKConfig",
    "core": "recorder: xray_recorder AWSXRayRecorder AsyncAWSXRayRecorder; patches: patch patch_all",
    "core.async_context": "context: AsyncContext TaskLocalStorage task_factory _Context=Context",
    "core.async_recorder": (
        "recorder: AsyncAWSXRayRecorder AWSXRayRecorder AsyncSubsegmentContextManager=SubsegmentContextManager "
        "SubsegmentContextManager; segments: AsyncSegmentContextManager=SegmentContextManager SegmentContextManager; "
        + _STACKTRACE
    ),
    "core.context": (
        "context: Context MISSING_SEGMENT_MSG SUPPORTED_CONTEXT_MISSING CXT_MISSING_STRATEGY_KEY; log: log; "
        "segments: DummySegment; exceptions: SegmentNotFoundException; " + _SWITCH
    ),
    "core.daemon_config": (
        "emitter: DaemonConfig DAEMON_ADDRESS_KEY DEFAULT_ADDRESS; exceptions: InvalidDaemonAddressException"
    ),
    "core.emitters": "",
    "core.emitters.udp_emitter": (
        "emitter: UDPEmitter PROTOCOL_HEADER PROTOCOL_DELIMITER DEFAULT_DAEMON_ADDRESS DaemonConfig; log: log; "
        "exceptions: InvalidDaemonAddressException"
    ),
    "core.exceptions": "",
    "core.exceptions.exceptions": (
        "exceptions: AlreadyEndedException FacadeSegmentMutationException InvalidDaemonAddressException "
        "InvalidSamplingManifestError MissingPluginNames SegmentNameMissingException SegmentNotFoundException "
        "SubsegmentNameMissingException"
    ),
    "core.lambda_launcher": (
        "context: LambdaContext check_in_lambda LAMBDA_TRACE_HEADER_KEY LAMBDA_TASK_ROOT_KEY TOUCH_FILE_DIR "
        "TOUCH_FILE_PATH Context; log: log; segments: DummySegment FacadeSegment; /trace.header: TraceHeader; "
        + _SWITCH
    ),
    "core.models": "",
    "core.models.default_dynamic_naming": "helpers: DefaultDynamicNaming wildcard_match",
    "core.models.dummy_entities": (
        "segments: DummySegment Segment; entities: DummySubsegment Subsegment; helpers: NoOpTraceId TraceId"
    ),
    "core.models.entity": (
        "segments: Entity; log: log; helpers: ORIGIN_TRACE_HEADER_ATTR_KEY Throwable annotation_value_types "
        "metadata_to_dict; exceptions: AlreadyEndedException; " + _HTTP
    ),
    "core.models.facade_segment": (
        "segments: FacadeSegment Segment; helpers: MUTATION_UNSUPPORTED_MESSAGE; "
        "exceptions: FacadeSegmentMutationException"
    ),
    "core.models.http": f"helpers: {_HTTP_NAMES}",
    "core.models.noop_traceid": "helpers: NoOpTraceId",
    "core.models.segment": (
        "segments: Segment Entity SegmentContextManager; helpers: ORIGIN_TRACE_HEADER_ATTR_KEY TraceId "
        "AtomicCounter; exceptions: SegmentNameMissingException"
    ),
    "core.models.subsegment": (
        "entities: Subsegment; segments: Entity; recorder: SubsegmentContextManager; "
        "exceptions: SegmentNotFoundException"
    ),
    "core.models.throwable": "helpers: Throwable; log: log",
    "core.models.trace_header": (
        "/trace.header: TraceHeader; helpers: ROOT PARENT SAMPLE SELF HEADER_DELIMITER; log: log"
    ),
    "core.models.traceid": "helpers: TraceId",
    "core.patcher": (
        "patches: patch patch_all SUPPORTED_MODULES NO_DOUBLE_PATCH _PATCHED_MODULES; log: log; "
        "helpers: is_classmethod is_instance_method; " + _SWITCH
    ),
    "core.plugins": "",
    "core.plugins.ec2_plugin": (
        "no_effect: SERVICE_NAME=EC2 ORIGIN=EC2_ORIGIN IMDS_URL initialize runtime_context; log: log"
    ),
    "core.plugins.ecs_plugin": "no_effect: SERVICE_NAME=ECS ORIGIN=ECS_ORIGIN initialize runtime_context; log: log",
    "core.plugins.elasticbeanstalk_plugin": (
        "no_effect: SERVICE_NAME=BEANSTALK ORIGIN=BEANSTALK_ORIGIN CONF_PATH=BEANSTALK_CONF initialize "
        "runtime_context; log: log"
    ),
    "core.plugins.utils": "no_effect: module_prefix PLUGIN_MAPPING get_plugin_modules; exceptions: MissingPluginNames",
    "core.recorder": (
        "recorder: AWSXRayRecorder TRACING_NAME_KEY DAEMON_ADDR_KEY CONTEXT_MISSING_KEY XRAY_META SERVICE_INFO "
        "SubsegmentContextManager; log: log; segments: Segment DummySegment SegmentContextManager; "
        "entities: Subsegment DummySubsegment; helpers: DefaultDynamicNaming; emitter: UDPEmitter DaemonConfig; "
        "no_effect: DefaultStreaming get_plugin_modules; context: Context check_in_lambda; "
        "config: global_sdk_config VERSION; exceptions: SegmentNameMissingException SegmentNotFoundException; "
        + _STACKTRACE
    ),
    "core.sampling": "",
    "core.sampling.connector": "no_effect: ServiceConnector SamplingRule; context: Context; segments: DummySegment",
    "core.sampling.local": "",
    "core.sampling.local.reservoir": "no_effect: Reservoir",
    "core.sampling.local.sampler": (
        "no_effect: LocalSampler SamplingRule SUPPORTED_RULE_VERSION local_sampling_rule; "
        "exceptions: InvalidSamplingManifestError"
    ),
    "core.sampling.local.sampling_rule": (
        "no_effect: SamplingRule Reservoir; helpers: wildcard_match; exceptions: InvalidSamplingManifestError"
    ),
    "core.sampling.reservoir": "no_effect: Reservoir ReservoirDecision",
    "core.sampling.rule_cache": "no_effect: RuleCache TTL",
    "core.sampling.rule_poller": "no_effect: RulePoller DEFAULT_INTERVAL; log: log",
    "core.sampling.sampler": (
        "no_effect: DefaultSampler LocalSampler RuleCache RulePoller TargetPoller ServiceConnector ReservoirDecision; "
        "log: log; " + _SWITCH
    ),
    "core.sampling.sampling_rule": "no_effect: SamplingRule Reservoir; helpers: wildcard_match",
    "core.sampling.target_poller": "no_effect: TargetPoller; log: log",
    "core.streaming": "",
    "core.streaming.default_streaming": "no_effect: DefaultStreaming",
    "core.utils": "",
    "core.utils.atomic_counter": "helpers: AtomicCounter",
    "core.utils.compat": "helpers: annotation_value_types is_classmethod is_instance_method",
    "core.utils.conversion": "helpers: metadata_to_dict; log: log",
    "core.utils.search_pattern": "helpers: wildcard_match",
    "core.utils.sqs_message_helper": "/sqs: SqsMessageHelper; helpers: SQS_XRAY_HEADER",
    "core.utils.stacktrace": "helpers: get_stacktrace",
    "ext": "",
    "ext.aiobotocore": _AIOBOTOCORE[0],
    "ext.aiobotocore.patch": _AIOBOTOCORE[1],
    "ext.aiohttp": "",
    "ext.aiohttp.client": (
        "/patches.http.aiohttp: aws_xray_trace_config=aiohttp_trace_config; "
        f"{_RECORDER}; {_HTTP}; "
        f"{_STACKTRACE}; util: inject_trace_header strip_url get_hostname"
    ),
    "ext.aiohttp.middleware": (
        f"middlewares: middleware=aiohttp_middleware; {_RECORDER}; {_HTTP}; {_STACKTRACE}; {_UTIL}"
    ),
    "ext.boto_utils": (
        "util: whitelist inject_header aws_meta_processor inject_trace_header to_snake_case; "
        f"exceptions: SegmentNotFoundException; {_RECORDER}; {_HTTP}"
    ),
    "ext.botocore": _BOTOCORE[0],
    "ext.botocore.patch": _BOTOCORE[1],
    "ext.bottle": "",
    "ext.bottle.middleware": (
        f"middlewares: XRayMiddleware=BottleMiddleware; {_HTTP}; {_STACKTRACE}; {_UTIL}; {_IN_LAMBDA}"
    ),
    "ext.dbapi2": f"sql: XRayTracedConn XRayTracedCursor add_sql_meta; {_RECORDER}",
    "ext.django": "helpers: default_app_config",
    "ext.django.apps": (
        "django: XRayConfig settings patch_db patch_template; log: log; patches: patch; "
        f"exceptions: SegmentNameMissingException; {_RECORDER}"
    ),
    "ext.django.conf": "django: DEFAULTS XRAY_NAMESPACE SUPPORTED_ENV_VARS XRaySettings settings reload_settings",
    "ext.django.db": (
        f"django: patch_db; log: log; sql: XRayTracedCursor DjangoXRayTracedCursor=XRayTracedCursor; {_RECORDER}"
    ),
    "ext.django.middleware": (
        "django: XRayMiddleware settings USER_AGENT_KEY X_FORWARDED_KEY REMOTE_ADDR_KEY HOST_KEY CONTENT_LENGTH_KEY; "
        f"log: log; {_RECORDER}; {_HTTP}; {_STACKTRACE}; {_UTIL}; {_IN_LAMBDA}"
    ),
    "ext.django.templates": f"django: patch_template; log: log; {_RECORDER}",
    "ext.flask": "",
    "ext.flask.middleware": (
        f"middlewares: XRayMiddleware=FlaskMiddleware; {_HTTP}; {_STACKTRACE}; {_UTIL}; {_IN_LAMBDA}"
    ),
    "ext.flask_sqlalchemy": "",
    "ext.flask_sqlalchemy.query": (
        "flask_sqlalchemy: XRayFlaskSqlAlchemy XRayBaseQuery XRaySignallingSession; sqlalchemy: XRaySession XRayQuery "
        "decorate_all_functions xray_on_call"
    ),
    "ext.httplib": f"{_HTTPLIB[0]}; util: add_ignored reset_ignored",
    "ext.httplib.patch": _HTTPLIB[1],
    "ext.httpx": _HTTPX[0],
    "ext.httpx.patch": _HTTPX[1],
    "ext.mysql": _MYSQL[0],
    "ext.mysql.patch": _MYSQL[1],
    "ext.pg8000": _PG8000[0],
    "ext.pg8000.patch": _PG8000[1],
    "ext.psycopg": _PSYCOPG[0],
    "ext.psycopg.patch": _PSYCOPG[1],
    "ext.psycopg2": _PSYCOPG2[0],
    "ext.psycopg2.patch": _PSYCOPG2[1],
    "ext.pymongo": _PYMONGO[0],
    "ext.pymongo.patch": _PYMONGO[1],
    "ext.pymysql": _PYMYSQL[0],
    "ext.pymysql.patch": _PYMYSQL[1],
    "ext.pynamodb": _PYNAMODB[0],
    "ext.pynamodb.patch": _PYNAMODB[1],
    "ext.requests": _REQUESTS[0],
    "ext.requests.patch": _REQUESTS[1],
    "ext.sqlalchemy": "",
    "ext.sqlalchemy.query": (
        "sqlalchemy: XRaySession XRayQuery XRaySessionMaker decorate_all_functions xray_on_call"
    ),
    "ext.sqlalchemy.util": "",
    "ext.sqlalchemy.util.decorators": (
        f"sqlalchemy: decorate_all_functions xray_on_call parse_bind; {_RECORDER}; util: strip_url"
    ),
    "ext.sqlalchemy_core": _SQLALCHEMY_CORE[0],
    "ext.sqlalchemy_core.patch": _SQLALCHEMY_CORE[1],
    "ext.sqlite3": _SQLITE3[0],
    "ext.sqlite3.patch": _SQLITE3[1],
    "ext.util": (
        "util: inject_trace_header to_snake_case strip_url get_hostname unwrap UNKNOWN_HOSTNAME "
        "calculate_sampling_decision calculate_segment_name construct_xray_header prepare_response_header; "
        f"/trace.header: TraceHeader; {_HTTP}"
    ),
    "sdk_config": "config: SDKConfig; log: log",
    "version": "config: VERSION",
}

PACKAGES = {module.rpartition(".")[0] for module in MODULES}
"""Those that have modules below them."""
