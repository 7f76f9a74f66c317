"""The finder: who imports `aws_xray_sdk` gets the compatible modules, and these behave as modules do."""

from __future__ import annotations

from pathlib import Path

from tests.compat.programs import run, start

REAL = "site-packages"


def test_modules_behave_as_modules_do() -> None:
    told = run(
        """
import copy, importlib.metadata, pkgutil
import aws_xray_sdk
from aws_xray_sdk.core import xray_recorder, AWSXRayRecorder
import lambda_tracer

note("one recorder", lambda: xray_recorder is lambda_tracer.xray_recorder)
note("its module", lambda: xray_recorder.__module__)
note("its class", lambda: [isinstance(xray_recorder, kind) for kind in (AWSXRayRecorder, lambda_tracer.Recorder)])
note("pickled", lambda: pickle.loads(pickle.dumps(xray_recorder)) is xray_recorder)
note("copied", lambda: copy.deepcopy(xray_recorder) is xray_recorder)
note("class pickled", lambda: pickle.loads(pickle.dumps(AWSXRayRecorder)) is AWSXRayRecorder)
note("own one pickled", lambda: type(pickle.loads(pickle.dumps(AWSXRayRecorder()))) is AWSXRayRecorder)
note("module of a class", lambda: inspect.getmodule(AWSXRayRecorder).__name__)
note("source of a class", lambda: inspect.getsource(AWSXRayRecorder).splitlines()[0])
note("file", lambda: os.path.exists(sys.modules["aws_xray_sdk.core.recorder"].__file__))
note("version", lambda: [importlib.metadata.version("aws-xray-sdk"), aws_xray_sdk.version.VERSION])
note("no other is answered for", lambda: importlib.metadata.version("no-such-distribution"))
found = [each.name for each in pkgutil.walk_packages(aws_xray_sdk.__path__, "aws_xray_sdk.")]
note("walked", lambda: [len(found) > 90, "aws_xray_sdk.ext.flask.middleware" in found, len(found) == len(set(found))])
note("walked without a prefix", lambda: sorted(each.name for each in pkgutil.iter_modules(aws_xray_sdk.__path__)))
note("imported", lambda: [name for name in found if importlib.import_module(name).__name__ != name])
namespace = {}
exec("from aws_xray_sdk.core import *", namespace)
note("star", lambda: {"xray_recorder", "patch", "patch_all"} <= set(namespace))
note("listed", lambda: "xray_recorder" in dir(aws_xray_sdk.core))
note("a module as attribute", lambda: aws_xray_sdk.core.models.http.URL)
note("reloaded", lambda: importlib.reload(aws_xray_sdk.core).xray_recorder is xray_recorder)
note("no such module", lambda: importlib.import_module("aws_xray_sdk.core.nothing"))
note("no such spec", lambda: importlib.util.find_spec("aws_xray_sdk.nothing"))

def why(function):
    try:
        return function()
    except AttributeError as error:
        return str(error)

note("no such name", lambda: why(lambda: aws_xray_sdk.core.nothing))
note("a private name", lambda: why(lambda: xray_recorder._no_such_thing))
note("private names", lambda: [
    xray_recorder._max_trace_back, xray_recorder._sampling, xray_recorder._service, xray_recorder._stream_sql,
    xray_recorder._plugins, xray_recorder._origin, xray_recorder._aws_metadata["xray"]["sdk_version"],
    xray_recorder._context is xray_recorder.context, xray_recorder._emitter is xray_recorder.emitter,
])
xray_recorder._max_trace_back = 3
note("set", lambda: xray_recorder.max_trace_back)
"""
    ).told

    assert told == {
        "one recorder": True,
        "its module": "aws_xray_sdk.core.async_recorder",
        "its class": [True, True],
        "pickled": True,
        "copied": True,
        "class pickled": True,
        "own one pickled": True,
        "module of a class": "aws_xray_sdk.core.recorder",
        "source of a class": "class AWSXRayRecorder(SegmentRecorder):",
        "file": True,
        "version": ["2.15.0", "2.15.0"],
        "no other is answered for": "raises PackageNotFoundError",
        "walked": [True, True, True],
        "walked without a prefix": ["core", "ext", "sdk_config", "version"],
        "imported": [],
        "star": True,
        "listed": True,
        "a module as attribute": "url",
        "reloaded": True,
        "no such module": "raises ModuleNotFoundError",
        "no such spec": None,
        "no such name": (
            "module 'aws_xray_sdk.core' has no attribute 'nothing' in lambda_tracer's compatible names"
        ),
        "a private name": (
            "'AsyncAWSXRayRecorder' has no attribute '_no_such_thing' in lambda_tracer's compatible names: "
            "that is private to the X-Ray SDK"
        ),
        "private names": [10, True, None, True, None, None, "2.15.0", True, True],
        "set": 3,
    }


def test_installing_comes_first_is_undone_and_never_replaces_what_is_there() -> None:
    told = run(
        """
import lambda_tracer
from lambda_tracer import compat
before = type(lambda_tracer.xray_recorder)
note("installed", lambda: [compat.install(), compat.install(), compat.is_installed()])
from aws_xray_sdk.core import xray_recorder
note("ours", lambda: type(xray_recorder).__module__)
note("undone", lambda: [compat.uninstall(), compat.uninstall(), compat.is_installed()])
note("as before", lambda: type(lambda_tracer.xray_recorder) is before)
with xray_recorder.in_subsegment("kept") as subsegment:
    note("what was imported works", lambda: subsegment.name)
import aws_xray_sdk.core
note("real", lambda: "site-packages" in aws_xray_sdk.__file__)
note("too late", lambda: [compat.install(), compat.is_installed()])
note("left", lambda: "site-packages" in sys.modules["aws_xray_sdk"].__file__)
""",
        compatible=False,
    )

    assert told.told == {
        "installed": [True, True, True],
        "ours": "aws_xray_sdk.core.async_recorder",
        "undone": [None, None, False],
        "as before": True,
        "what was imported works": "kept",
        "real": True,
        "too late": [False, False],
        "left": True,
    }
    assert told.log == [
        "aws_xray_sdk has been imported already, and stays: call lambda_tracer.compat.install() before that"
    ]


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    told = run(
        """
def loaded():
    return sorted(name for name in sys.modules if name.startswith(("lambda_tracer.compat.", "aws_xray_sdk")))
note("installed", loaded)
from aws_xray_sdk.core import xray_recorder
with xray_recorder.in_subsegment("a"):
    pass
note("used", loaded)
note("heavy", lambda: [name for name in ("wrapt", "jsonpickle", "botocore", "aiohttp") if name in sys.modules])
"""
    ).told

    assert told["installed"] == ["lambda_tracer.compat.finder", "lambda_tracer.compat.table"]
    assert told["used"] == [
        "aws_xray_sdk",
        "aws_xray_sdk.core",
        *(
            f"lambda_tracer.compat.{name}"
            for name in (
                "config",
                "detached",
                "entities",
                "finder",
                "kind",
                "recorder",
                "segment_recorder",
                "subsegment_context",
                "table",
            )
        ),
    ]
    assert told["heavy"] == []


def test_what_a_test_replaces_by_a_dotted_path_is_replaced_for_code_that_uses_the_name() -> None:
    told = run(
        """
import pytest
from aws_xray_sdk.core import xray_recorder
import aws_xray_sdk.core

with mock.patch("aws_xray_sdk.core.xray_recorder.put_annotation") as replaced:
    xray_recorder.put_annotation("a", 1)
    note("of the recorder", lambda: replaced.call_count)
with mock.patch("aws_xray_sdk.core.recorder.AWSXRayRecorder.put_annotation") as replaced:
    xray_recorder.put_annotation("a", 1)
    note("of its class", lambda: replaced.call_count)
with mock.patch("aws_xray_sdk.core.xray_recorder", autospec=True) as replaced:
    from aws_xray_sdk.core import xray_recorder as found
    note("the recorder", lambda: found is replaced)
with mock.patch("aws_xray_sdk.core.patch_all") as replaced:
    aws_xray_sdk.core.patch_all()
    note("patch_all", lambda: replaced.call_count)
with mock.patch("aws_xray_sdk.core.models.subsegment.Subsegment.add_exception") as replaced:
    with xray_recorder.in_subsegment("a") as subsegment:
        subsegment.add_exception(ValueError(), [])
    note("of what is recorded", lambda: replaced.call_count)
with mock.patch("aws_xray_sdk.core.emitters.udp_emitter.UDPEmitter.send_entity") as replaced:
    with xray_recorder.in_subsegment("sent"):
        pass
    note("of the emitter", lambda: [call.args[0].name for call in replaced.call_args_list])
with mock.patch("aws_xray_sdk.global_sdk_config.sdk_enabled", return_value=False):
    note("of the switch", lambda: aws_xray_sdk.global_sdk_config.sdk_enabled())
with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr("aws_xray_sdk.core.xray_recorder.is_sampled", lambda: "replaced")
    monkeypatch.setattr("aws_xray_sdk.core.context.Context", 7)
    note("by pytest", lambda: [xray_recorder.is_sampled(), sys.modules["aws_xray_sdk.core.context"].Context])
note("put back", lambda: [
    xray_recorder.is_sampled(), aws_xray_sdk.core.xray_recorder is xray_recorder,
    "put_annotation" in vars(xray_recorder), sys.modules["aws_xray_sdk.core.context"].Context.__name__,
])
with mock.patch.dict(sys.modules, {"aws_xray_sdk.core": mock.MagicMock()}):
    from aws_xray_sdk.core import xray_recorder as found
    note("the module", lambda: isinstance(found, mock.MagicMock))
"""
    ).told

    assert told == {
        "of the recorder": 1,
        "of its class": 1,
        "the recorder": True,
        "patch_all": 1,
        "of what is recorded": 1,
        "of the emitter": ["sent"],
        "of the switch": False,
        "by pytest": ["replaced", 7],
        "put back": [True, True, False, "Context"],
        "the module": True,
    }


def test_threads_that_import_at_once_get_the_same() -> None:
    told = run(
        """
names = ["core.xray_recorder", "core.models.subsegment.Subsegment", "ext.util.strip_url", "core.context.Context"]
barrier = threading.Barrier(8)
found, errors = [], []

def work():
    barrier.wait()
    try:
        for name in names:
            module, _, attribute = name.rpartition(".")
            found.append((name, id(getattr(importlib.import_module("aws_xray_sdk." + module), attribute))))
    except BaseException as error:
        errors.append(repr(error))

threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
note("errors", lambda: errors)
note("found", lambda: [len(found), len(set(found))])
"""
    ).told

    assert told == {"errors": [], "found": [32, 4]}


def test_scripts_and_modules_run_on_the_compatible_names(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("")
    script = tmp_path / "script.py"
    script.write_text(
        "import json, sys, beside\n"
        "from aws_xray_sdk.core import xray_recorder\n"
        "print(json.dumps([type(xray_recorder).__mro__[3].__module__, __name__, sys.argv[1:]]))\n"
    )

    by_script = start("-m", "lambda_tracer.compat", str(script), "-x", "1").told
    by_module = start(
        "-m", "lambda_tracer.compat", "-m", "script", "y", PYTHONPATH=f"{tmp_path}:{Path.cwd()}"
    ).told

    assert by_script == ["lambda_tracer.sdk.recorder", "__main__", ["-x", "1"]]
    assert by_module == ["lambda_tracer.sdk.recorder", "__main__", ["y"]]
