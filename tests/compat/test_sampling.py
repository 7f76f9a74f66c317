"""Sampling and plugins under the X-Ray SDK's names, outside Lambda: beside what the SDK does, and as it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.compat.programs import DAEMON, run
from tests.segments.neighbour import neighbour
from tests.segments.plugins.test_plugins import ENVIRONMENT, instance

PROGRAM = (
    DAEMON
    + """
import time
del os.environ["_X_AMZN_TRACE_ID"]
daemon.settimeout(10)
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.exceptions.exceptions import InvalidSamplingManifestError, MissingPluginNames
from aws_xray_sdk.core.models.trace_header import TraceHeader
from aws_xray_sdk.core.plugins import ec2_plugin, ecs_plugin, elasticbeanstalk_plugin
from aws_xray_sdk.core.plugins.utils import get_plugin_modules
from aws_xray_sdk.core.sampling.local.reservoir import Reservoir
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler, local_sampling_rule
from aws_xray_sdk.core.sampling.local.sampling_rule import SamplingRule
from aws_xray_sdk.core.sampling.sampler import DefaultSampler
from aws_xray_sdk.ext.util import calculate_sampling_decision
x.configure(service="svc")

def received():
    document = {"in_progress": True}  # one that nobody ended
    while document.get("in_progress"):
        document = json.loads(daemon.recv(70_000).split(b"\\n", 1)[1])
    return [document["name"], document.get("origin"), document["aws"]]

NONE = {"version": 2, "default": {"fixed_target": 0, "rate": 0}}
ALL = {"version": 2, "default": {"fixed_target": 0, "rate": 1}}
PATHS = {
    **ALL,
    "rules": [{"host": "*", "http_method": "*", "url_path": "/no/*", "fixed_target": 0, "rate": 0}],
}
with open(FOLDER + "/rules.json", "w") as file:
    json.dump(PATHS, file)

note("default", lambda: type(x.sampler).__name__)
x.configure(sampler=LocalSampler(NONE))
note("none", lambda: [x.begin_segment("a").sampled, x.sampling, type(x.sampler).__name__])
x.configure(sampling_rules=ALL)
note("all", lambda: x.begin_segment("a").sampled)
x.configure(sampling_rules=FOLDER + "/rules.json")
asked = {"host": "h", "method": "GET", "path": "/no/1", "service": "svc"}
for label, header in {"unsaid": "", "yes": "Sampled=1", "no": "Sampled=0", "asked": "Sampled=?"}.items():
    header = TraceHeader.from_header_str(header)
    note("header " + label, lambda: calculate_sampling_decision(header, x, dict(asked)))
    note("other " + label, lambda: calculate_sampling_decision(header, x, {**asked, "path": "/"}))

class Mine:
    def should_trace(self, sampling_req=None):
        note("mine is asked", lambda: sampling_req)
        return "my rule"

x.configure(sampler=Mine())
def named():
    x.begin_segment("named")
    x.end_segment()
    return received()
note("named", lambda: named()[2]["xray"]["sampling_rule_name"])
x.sampler = LocalSampler(NONE)
note("sampler is set", lambda: x.begin_segment("a").sampled)
x.configure(sampling=False)
note("no sampling", lambda: x.begin_segment("a").sampled)
x.configure(sampling=True)

note("rule", lambda: [
    (rule.fixed_target, rule.rate, rule.host, rule.method, rule.path, rule.applies("a.b", None, "/x"),
     rule.applies("c", "GET", "/x"), rule.reservoir.traces_per_sec)
    for rule in [SamplingRule({"host": "*.b", "http_method": "*", "url_path": "/?", "fixed_target": 2, "rate": 0.5})]
])
def taken():
    "What a reservoir gives within one second."
    while True:
        began, one = int(time.time()), Reservoir(1)
        found = [one.take() for _ in range(3)] + [one.used_this_sec]
        if int(time.time()) == began:
            return found
note("reservoir", taken)
note("rule of version 1", lambda: SamplingRule(
    {"service_name": "a*", "http_method": "*", "url_path": "*", "fixed_target": 1, "rate": 0}, 1).host)
note("default rule", lambda: SamplingRule({"fixed_target": 1, "rate": 0}, default=True).host)
note("rules", lambda: local_sampling_rule)
for label, rules in {
    "version": {**ALL, "version": 5}, "default": {"version": 2},
    "negative": {**ALL, "default": {"fixed_target": -1, "rate": 0}},
    "host": {**ALL, "rules": [{"http_method": "*", "url_path": "*", "fixed_target": 1, "rate": 1}]},
}.items():
    note("bad " + label, lambda: x.configure(sampling_rules=rules, sampler=LocalSampler()))
note("no file", lambda: x.configure(sampling_rules="/no/such/file"))

x.configure(sampler=LocalSampler(ALL))
url = os.environ["METADATA"]
ec2_plugin.IMDS_URL = url + "/latest/"
elasticbeanstalk_plugin.CONF_PATH = FOLDER + "/environment.conf"
for label, plugins in {
    "ec2": ("EC2Plugin",), "two": ("ECSPlugin", "elasticbeanstalkplugin"), "none": (), "ecs": ("ecs_plugin",),
}.items():
    x.configure(plugins=plugins)
    note("plugins " + label, lambda: [named(), x._origin])
note("contexts", lambda: [each.runtime_context for each in (ec2_plugin, ecs_plugin, elasticbeanstalk_plugin)])
note("unknown plugin", lambda: x.configure(plugins=("nope",)))
note("no plugin", lambda: get_plugin_modules(()))
note("plugin modules", lambda: [each.SERVICE_NAME for each in get_plugin_modules(("EC2Plugin", "ecsplugin"))])
"""
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """What was told by the real SDK, and by the compatible names."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "environment.conf").write_text(json.dumps(ENVIRONMENT))
    with neighbour() as metadata:
        metadata.answer = instance
        url = f"http://{metadata.address}"
        variables: dict[str, Any] = {
            "LAMBDA_TASK_ROOT": "",
            "METADATA": url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
        }
        placed = PROGRAM.replace("FOLDER", repr(str(folder)))
        theirs, ours = (run(placed, compatible=which, **variables) for which in (False, True))
    return theirs.told, ours.told


def test_all_is_as_in_the_sdk(both: tuple[Any, Any]) -> None:
    theirs, ours = both

    assert ours == theirs
    assert theirs["default"] == "DefaultSampler"
    assert theirs["plugins two"][1] == "AWS::ElasticBeanstalk::Environment"


CENTRAL = """
import time
del os.environ["_X_AMZN_TRACE_ID"]
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.sampling.sampler import DefaultSampler
x.configure(service="svc", daemon_address="127.0.0.1:9")
note("first", lambda: x.begin_segment("a").sampled)
until = time.monotonic() + 60
while True:
    segment = x.begin_segment("a", sampling=None)
    name = segment.aws["xray"].get("sampling_rule_name") if segment.sampled else None
    if name or time.monotonic() > until:
        break
    time.sleep(0.01)
note("rule", lambda: name)
sampler = DefaultSampler()
sampler.load_local_rules({"version": 2, "default": {"fixed_target": 0, "rate": 0}})
note("local", lambda: sampler.should_trace({"service": "svc"}))
"""
"""A DefaultSampler that nobody has told otherwise asks the daemon of the environment."""


def test_rules_that_x_ray_keeps_decide_by_default() -> None:
    from tests.local.view.senders import Here

    here = Here()
    try:
        told = run(CENTRAL, LAMBDA_TASK_ROOT="", AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{here.port}").told
    finally:
        here.close()

    assert told == {"first": True, "rule": "Default", "local": False}
