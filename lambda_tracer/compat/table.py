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

_LIBRARIES = {
    "aiobotocore": f"{_RECORDER}; util: inject_header aws_meta_processor",
    "botocore": f"{_RECORDER}; util: inject_header aws_meta_processor",
    "httplib": (
        "util: add_ignored reset_ignored inject_trace_header get_hostname strip_url unwrap; "
        f"exceptions: SegmentNotFoundException; {_RECORDER}; {_HTTP}; {_PATCHED}"
    ),
    "httpx": (
        "patches: SyncInstrumentedTransport=transport AsyncInstrumentedTransport=transport; "
        f"util: inject_trace_header get_hostname; {_RECORDER}; {_HTTP}"
    ),
    "mysql": _CONNECTION,
    "pg8000": f"{_CONNECTION}; {_PATCHED}; util: unwrap",
    "psycopg": _CONNECTION,
    "psycopg2": "sql: XRayTracedConn XRayTracedCursor",
    "pymongo": f"patches: XrayCommandListener=command_listener; {_RECORDER}",
    "pymysql": f"{_CONNECTION}; {_PATCHED}; util: unwrap",
    "pynamodb": f"{_RECORDER}; {_HTTP}",
    "requests": f"util: inject_trace_header strip_url get_hostname; {_RECORDER}; {_HTTP}",
    "sqlalchemy_core": f"{_RECORDER}; {_PATCHED}; {_STACKTRACE}; util: unwrap",
    "sqlite3": "sql: XRayTracedSQLite XRayTracedConn",
}
"""What the module `patch` of a library has besides `patch`, and `unpatch` where the SDK has that."""

_UNPATCHED = {"httplib", "pg8000", "pymysql", "sqlalchemy_core"}

MODULES: dict[str, str] = {
    "": "config: global_sdk_config SDKConfig",
    "core": "recorder: xray_recorder AWSXRayRecorder AsyncAWSXRayRecorder; patches: patch patch_all",
    "core.async_context": "context: AsyncContext task_factory _Context=Context; storage: TaskLocalStorage",
    "core.async_recorder": (
        "recorder: AsyncAWSXRayRecorder AWSXRayRecorder; "
        "subsegment_context: AsyncSubsegmentContextManager=SubsegmentContextManager SubsegmentContextManager; "
        "segment_context: AsyncSegmentContextManager=SegmentContextManager SegmentContextManager; "
        + _STACKTRACE
    ),
    "core.context": (
        "context: Context MISSING_SEGMENT_MSG SUPPORTED_CONTEXT_MISSING CXT_MISSING_STRATEGY_KEY; log: log; "
        "segments: DummySegment; exceptions: SegmentNotFoundException; " + _SWITCH
    ),
    "core.daemon_config": (
        "emitter: DaemonConfig DAEMON_ADDRESS_KEY DEFAULT_ADDRESS; exceptions: InvalidDaemonAddressException"
    ),
    "core.emitters.udp_emitter": (
        "emitter: UDPEmitter PROTOCOL_HEADER PROTOCOL_DELIMITER DEFAULT_DAEMON_ADDRESS DaemonConfig; log: log; "
        "exceptions: InvalidDaemonAddressException"
    ),
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
    "core.models.default_dynamic_naming": "helpers: DefaultDynamicNaming wildcard_match",
    "core.models.dummy_entities": (
        "segments: DummySegment; own_segments: Segment; entities: DummySubsegment Subsegment; "
        "helpers: NoOpTraceId TraceId"
    ),
    "core.models.entity": (
        "own_segments: Entity; log: log; helpers: ORIGIN_TRACE_HEADER_ATTR_KEY Throwable annotation_value_types "
        "metadata_to_dict; exceptions: AlreadyEndedException; " + _HTTP
    ),
    "core.models.facade_segment": (
        "segments: FacadeSegment; own_segments: Segment; helpers: MUTATION_UNSUPPORTED_MESSAGE; "
        "exceptions: FacadeSegmentMutationException"
    ),
    "core.models.http": f"helpers: {_HTTP_NAMES}",
    "core.models.noop_traceid": "helpers: NoOpTraceId",
    "core.models.segment": (
        "own_segments: Segment Entity; segment_context: SegmentContextManager; "
        "helpers: ORIGIN_TRACE_HEADER_ATTR_KEY TraceId AtomicCounter; exceptions: SegmentNameMissingException"
    ),
    "core.models.subsegment": (
        "entities: Subsegment; own_segments: Entity; subsegment_context: SubsegmentContextManager; "
        "exceptions: SegmentNotFoundException"
    ),
    "core.models.throwable": "helpers: Throwable; log: log",
    "core.models.trace_header": (
        "/trace.header: TraceHeader; helpers: ROOT PARENT SAMPLE SELF HEADER_DELIMITER; log: log"
    ),
    "core.models.traceid": "helpers: TraceId",
    "core.patcher": (
        "patches: patch patch_all SUPPORTED_MODULES NO_DOUBLE_PATCH _PATCHED_MODULES; log: log; " + _SWITCH
    ),
    "core.plugins.ec2_plugin": (
        "plugins: IMDS_URL initialize=initialize_ec2 runtime_context; /segments.plugins.ec2: SERVICE_NAME ORIGIN; "
        "log: log"
    ),
    "core.plugins.ecs_plugin": (
        "plugins: initialize=initialize_ecs runtime_context; /segments.plugins.ecs: SERVICE_NAME ORIGIN; log: log"
    ),
    "core.plugins.elasticbeanstalk_plugin": (
        "plugins: initialize=initialize_beanstalk runtime_context; "
        "/segments.plugins.elastic_beanstalk: SERVICE_NAME ORIGIN CONF_PATH; log: log"
    ),
    "core.plugins.utils": "plugins: module_prefix PLUGIN_MAPPING get_plugin_modules; exceptions: MissingPluginNames",
    "core.recorder": (
        "recorder: AWSXRayRecorder TRACING_NAME_KEY DAEMON_ADDR_KEY CONTEXT_MISSING_KEY XRAY_META "
        "SERVICE_INFO; subsegment_context: SubsegmentContextManager; log: log; "
        "segments: DummySegment; own_segments: Segment; segment_context: SegmentContextManager; "
        "entities: Subsegment DummySubsegment; helpers: DefaultDynamicNaming; emitter: UDPEmitter DaemonConfig; "
        "no_effect: DefaultStreaming; plugins: get_plugin_modules; context: Context check_in_lambda; "
        "config: global_sdk_config VERSION; exceptions: SegmentNameMissingException SegmentNotFoundException; "
        + _STACKTRACE
    ),
    "core.sampling.connector": (
        "no_effect: ServiceConnector=Unneeded SamplingRule=Unneeded; context: Context; segments: DummySegment"
    ),
    "core.sampling.local.reservoir": "sampling: Reservoir",
    "core.sampling.local.sampler": (
        "sampling: LocalSampler SamplingRule SUPPORTED_RULE_VERSION local_sampling_rule; "
        "exceptions: InvalidSamplingManifestError"
    ),
    "core.sampling.local.sampling_rule": (
        "sampling: SamplingRule Reservoir; helpers: wildcard_match; exceptions: InvalidSamplingManifestError"
    ),
    "core.sampling.reservoir": "no_effect: Reservoir=Unneeded ReservoirDecision",
    "core.sampling.rule_cache": "no_effect: RuleCache=Unneeded TTL",
    "core.sampling.rule_poller": "no_effect: RulePoller=Unneeded DEFAULT_INTERVAL; log: log",
    "core.sampling.sampler": (
        "sampling: DefaultSampler LocalSampler; no_effect: RuleCache=Unneeded RulePoller=Unneeded "
        "TargetPoller=Unneeded ServiceConnector=Unneeded ReservoirDecision; log: log; " + _SWITCH
    ),
    "core.sampling.sampling_rule": "no_effect: SamplingRule=Unneeded Reservoir=Unneeded; helpers: wildcard_match",
    "core.sampling.target_poller": "no_effect: TargetPoller=Unneeded; log: log",
    "core.streaming.default_streaming": "no_effect: DefaultStreaming",
    "core.utils.atomic_counter": "helpers: AtomicCounter",
    "core.utils.compat": "helpers: annotation_value_types",
    "core.utils.conversion": "helpers: metadata_to_dict; log: log",
    "core.utils.search_pattern": "helpers: wildcard_match",
    "core.utils.sqs_message_helper": "/sqs: SqsMessageHelper; helpers: SQS_XRAY_HEADER",
    "core.utils.stacktrace": "helpers: get_stacktrace",
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
    "ext.flask.middleware": (
        f"middlewares: XRayMiddleware=FlaskMiddleware; {_HTTP}; {_STACKTRACE}; {_UTIL}; {_IN_LAMBDA}"
    ),
    "ext.flask_sqlalchemy.query": (
        "flask_sqlalchemy: XRayFlaskSqlAlchemy XRayBaseQuery XRaySignallingSession; "
        "sqlalchemy: XRaySession XRayQuery decorate_all_functions xray_on_call"
    ),
    "ext.sqlalchemy.query": (
        "sqlalchemy: XRaySession XRayQuery XRaySessionMaker decorate_all_functions xray_on_call"
    ),
    "ext.sqlalchemy.util.decorators": (
        f"sqlalchemy: decorate_all_functions xray_on_call parse_bind; {_RECORDER}; util: strip_url"
    ),
    "ext.util": (
        "util: inject_trace_header to_snake_case strip_url get_hostname unwrap UNKNOWN_HOSTNAME "
        "calculate_sampling_decision calculate_segment_name construct_xray_header prepare_response_header; "
        f"/trace.header: TraceHeader; {_HTTP}"
    ),
    "sdk_config": "config: SDKConfig; log: log",
    "version": "config: VERSION",
}

for _name, _others in _LIBRARIES.items():
    _patch = f"patches: patch={_name}.patch" + (f" unpatch={_name}.unpatch" if _name in _UNPATCHED else "")
    MODULES[f"ext.{_name}"] = _patch + ("; util: add_ignored reset_ignored" if _name == "httplib" else "")
    MODULES[f"ext.{_name}.patch"] = f"{_patch}; {_others}"

PACKAGES = {module.rpartition(".")[0] for module in MODULES}
"""Those that have modules below them. Most have no names of their own."""

for _name in PACKAGES:
    MODULES.setdefault(_name, "")
