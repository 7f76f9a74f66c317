"""One virtual environment a tracer, all with the runtime client and boto3, made once under `.ci-cache/bench/`."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Collection
from pathlib import Path

PROJECT = Path(__file__).parent.parent
HOME = PROJECT / ".ci-cache" / "bench"
PROBES = Path(__file__).parent / "probes"

COMMON = ["awslambdaric", "boto3", "requests"]
"""What every function of the benchmark may use; requests because each tracer knows how to trace it."""

PACKAGES = {
    "bare": [],
    "ours": [str(PROJECT)],
    "powertools": ["aws-lambda-powertools[tracer]"],
    "sdk": ["aws-xray-sdk"],
    "adot": ["aws-opentelemetry-distro"],
    "datadog": ["datadog-lambda"],
    "unchanged": [str(PROJECT), "aws-lambda-powertools"],
    "bridged": [f"{PROJECT}[otel]"],
    "otel_sdk": ["opentelemetry-sdk"],
}
"""The last three are measured in some rows only. One is Powertools as it is, on the X-Ray SDK's names that the project
has; the others are for spans of OpenTelemetry's API."""

OURS = ("ours", "unchanged", "bridged")

ENVIRONMENT_OF = {"adot_lite": "adot", "api": "bridged"}
"""Subjects that live in another one's environment: fast start is a module of ADOT's own wheel."""

DISTRIBUTIONS = {
    "bare": "awslambdaric",
    "ours": "lambda-tracer",
    "powertools": "aws-lambda-powertools",
    "sdk": "aws-xray-sdk",
    "adot_lite": "aws-opentelemetry-distro",
    "adot": "aws-opentelemetry-distro",
    "datadog": "datadog-lambda",
}
"""What a subject's version is the version of."""

SUBJECTS = list(DISTRIBUTIONS)


def limit(subjects: Collection[str]) -> None:
    """Leave out the incumbents that are none of these."""
    SUBJECTS[2:] = [subject for subject in SUBJECTS[2:] if subject in subjects]
    wanted = {*OURS, "otel_sdk", *(ENVIRONMENT_OF.get(subject, subject) for subject in SUBJECTS)}
    for name in [name for name in PACKAGES if name not in wanted]:
        del PACKAGES[name]


def prepare() -> None:
    """Make what is not there yet. The project itself is built and installed anew each time: it is what changes."""
    for name, packages in PACKAGES.items():
        wanted = hashlib.sha256(json.dumps([sys.version, COMMON, packages]).encode()).hexdigest()
        stamp = HOME / name / "installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            print(f"making the environment {name}", file=sys.stderr)
            venv.create(HOME / name, with_pip=True, clear=True)
            _pip(name, "install", "--upgrade", *COMMON, *packages)
            stamp.write_text(wanted)
        elif name in OURS:
            _pip(name, "install", "--force-reinstall", "--no-deps", str(PROJECT))
        if name in OURS or not deployed(name).exists():
            shutil.rmtree(deployed(name), ignore_errors=True)
            shutil.copytree(_site(name), deployed(name), ignore=shutil.ignore_patterns("__pycache__"))
        _run(name, "-m", "compileall", "-q", str(PROBES))


def python(subject: str) -> str:
    """The interpreter of the subject's environment."""
    return str(HOME / ENVIRONMENT_OF.get(subject, subject) / "bin" / "python")


def deployed(subject: str) -> Path:
    """What pip installed, as it is unpacked from a layer or a function's package: without bytecode."""
    return HOME / "deployed" / ENVIRONMENT_OF.get(subject, subject)


def version(subject: str) -> str:
    """The release that is measured."""
    (found,) = importlib.metadata.distributions(name=DISTRIBUTIONS[subject], path=[str(_site(subject))])
    return found.version


def _site(subject: str) -> Path:
    (site,) = (HOME / ENVIRONMENT_OF.get(subject, subject)).glob("lib/python*/site-packages")
    return site


def variables(
    subject: str, daemon_port: int, mode: str = "sampled", *, is_deployed: bool = False
) -> dict[str, str]:
    """The environment of a function's process, as Lambda's: nothing of the shell's but PATH and HOME.

    `is_deployed`: the tracer is found in `deployed`, and no bytecode is written.
    """
    path = [str(PROBES)]
    if is_deployed:
        path.append(str(deployed(subject)))
    return {
        **({"PYTHONDONTWRITEBYTECODE": "1"} if is_deployed else {}),
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONPATH": os.pathsep.join(path),
        "LAMBDA_TASK_ROOT": str(PROBES),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*sys.version_info[:2]),
        "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/benchmark",
        "AWS_LAMBDA_LOG_STREAM_NAME": "benchmark",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon_port}",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "_HANDLER": "function.lambda_handler",
        "BENCHMARK_SUBJECT": subject,
        "BENCHMARK_MODE": mode,
    }


def _pip(name: str, *arguments: str) -> None:
    _run(name, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check")


def _run(name: str, *arguments: str) -> None:
    ran = subprocess.run([python(name), *arguments], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{name}: {' '.join(arguments)} failed:\n{ran.stdout}{ran.stderr}")
