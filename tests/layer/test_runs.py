"""A handler under the runtime client with the layer and nothing else, on every Python that this machine has."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layer import running
from tests.local import command
from tests.shared_build import built_once

HANDLER = """
import contextvars, importlib.metadata, platform, sys
import lambda_tracer
from lambda_tracer import Tracer

tracer = Tracer(service="layer")

@tracer.capture_method
def work():
    tracer.put_metadata("shown", contextvars.ContextVar("name"))

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    work()
    jsonpickle = sys.modules.get("jsonpickle")  # by the second invocation the tracer has loaded it
    return {
        "python": platform.python_version(),
        "version": importlib.metadata.version("lambda-tracer"),
        "files": [each.__file__ for each in (lambda_tracer, jsonpickle) if each],
    }
"""


@pytest.fixture(params=running.interpreters(), ids=lambda path: Path(path).name)
def python(request: pytest.FixtureRequest) -> str:
    """One of the machine's Pythons."""
    found: str = request.param
    return found


@pytest.fixture
def runtime_client(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """awslambdaric, which is compiled for each Python, and what it needs."""

    def fill(folder: Path) -> None:
        wanted = f"awslambdaric=={importlib.metadata.version('awslambdaric')}"
        install = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-compile",
            "--target",
            str(folder),
        ]
        subprocess.run([*install, wanted], check=True, capture_output=True)

    return built_once(tmp_path_factory, f"runtime-client-{Path(python).name}", fill)


@pytest.fixture
def function(tmp_path: Path) -> Path:
    """The function's folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text(HANDLER)
    return folder


@pytest.fixture
def with_layer_alone(
    python: str,
    opt: Path,
    runtime_client: Path,
    function: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Functions are started by `python`, with the layer and the runtime client as their only packages."""
    path = ":".join(map(str, (function, opt / "python", runtime_client)))
    # -S: no site-packages. -B: /opt can't be written in Lambda, either.
    shell = f'PYTHONPATH={running.quoted(path)} exec {running.quoted(python)} -B -S "$@"'
    running.start_through(monkeypatch, tmp_path / "python", shell)
    return python


@pytest.mark.slow
def test_a_function_is_traced_with_the_layer_alone(with_layer_alone: str, opt: Path, function: Path) -> None:
    ran = command.invoke("app.lambda_handler", "-n", "2", "--metadata", folder=function)

    assert ran.exit_code == 0, ran.err
    result = ran.results[1]
    assert len(result["files"]) == 2
    assert all(Path(name).is_relative_to(opt) for name in result["files"])
    assert result["version"] == version(opt)
    assert ran.tree == tree(["Initialization"], [])
    assert "shown: <_contextvars.ContextVar>" in ran.err
    assert "lambda_tracer lost" not in ran.err


def version(opt: Path) -> str:
    (info,) = (opt / "python").glob("*.dist-info")
    return info.name.removeprefix("lambda_tracer-").removesuffix(".dist-info")


def tree(*invocations: list[str]) -> str:
    """The waterfalls of invocations, the first names below the function given for each."""
    lines = []
    for first in invocations:
        lines += ["shop  AWS::Lambda", "└─ shop  AWS::Lambda::Function"]
        lines += [f"   ├─ {name}" for name in first]
        lines += ["   └─ ## lambda_handler", "      └─ ## app.work"]
    return "\n".join(lines)
