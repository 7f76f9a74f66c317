"""What one function is, locally: its handler, folder, name, limits, and the environment that Lambda would
give it.

The environment starts empty, not from the developer's shell: what is set there by chance must not decide
whether a function works. What gets a function to AWS (credentials, endpoints, certificates) is taken over.
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

ACCOUNT_ID = "123456789012"
"""AWS' own example account: no function of anybody's has an ARN with it."""

DEFAULT_TIMEOUT_S = 3.0
DEFAULT_MEMORY_MB = 128
"""Lambda's own defaults."""

LONGEST_TIMEOUT_S = 900.0
"""The most that Lambda gives a function: what one is told that is not ended by a time-out."""

MIN_INIT_TIMEOUT_S = 10.0
"""Lambda gives initialization ten seconds, and the function's time-out when it tries again; here it is the
longer one."""

_FROM_THE_SHELL = (
    "PATH",
    "HOME",
    "TMPDIR",
    "SYSTEMROOT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_PREFIX_FROM_THE_SHELL = "AWS_ENDPOINT_URL"


def _log_stream() -> str:
    return f"{datetime.now(timezone.utc):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"


@dataclass(frozen=True)
class FunctionSettings:
    """One function. `environment` holds what the user adds; it wins over everything else."""

    handler: str
    task_root: Path
    name: str = ""
    timeout_s: float = DEFAULT_TIMEOUT_S
    is_timed: bool = True
    """Is it ended after `timeout_s`? Where it is not, that is what it is told all the same."""
    memory_mb: int = DEFAULT_MEMORY_MB
    environment: Mapping[str, str] = field(default_factory=dict)
    log_stream: str = field(default_factory=_log_stream)

    @property
    def function_name(self) -> str:
        """The name given, or the task root's made fit for a function name."""
        return self.name or re.sub(r"[^A-Za-z0-9_-]+", "-", self.task_root.name).strip("-")[:64] or "function"

    @property
    def region(self) -> str:
        """The region given by the user, else the shell's, else us-east-1."""
        for variables in (self.environment, os.environ):
            for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
                if variables.get(name):
                    return variables[name]
        return "us-east-1"

    @property
    def arn(self) -> str:
        """The function's unqualified ARN, in the example account."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT_ID}:function:{self.function_name}"

    @property
    def init_timeout_s(self) -> float:
        """How long the function may take to start."""
        return max(MIN_INIT_TIMEOUT_S, self.timeout_s)

    @property
    def log_group(self) -> str:
        """Where Lambda would keep the function's log."""
        return f"/aws/lambda/{self.function_name}"

    def variables(self, daemon_host: str, daemon_port: int, runtime_api: str = "") -> dict[str, str]:
        """The whole environment of the function's process; `runtime_api` is host:port, or empty without
        one."""
        task_root = str(self.task_root)
        kept = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX_FROM_THE_SHELL)}
        kept.update((name, os.environ[name]) for name in _FROM_THE_SHELL if name in os.environ)
        return {
            **kept,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            # Without the locale above, which few machines outside Lambda have, Python would fall back to
            # ASCII.
            "PYTHONUTF8": "1",
            "PYTHONPATH": _python_path(task_root),
            "_HANDLER": self.handler,
            "LAMBDA_TASK_ROOT": task_root,
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_LAMBDA_FUNCTION_NAME": self.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*sys.version_info[:2]),
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": f"{daemon_host}:{daemon_port}",
            "_AWS_XRAY_DAEMON_ADDRESS": daemon_host,
            "_AWS_XRAY_DAEMON_PORT": str(daemon_port),
            **self.environment,
            # Lambda reserves it; with another one the process would wait elsewhere for its invocations.
            **({"AWS_LAMBDA_RUNTIME_API": runtime_api} if runtime_api else {}),
        }


def _python_path(task_root: str) -> str:
    """The task root before all, as in Lambda; then the shell's; last this package, if it is run from its
    source."""
    entries = [task_root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    package_parent = str(Path(__file__).resolve().parents[3])
    if Path(package_parent).name not in ("site-packages", "dist-packages"):
        entries.append(package_parent)
    # Relative entries are the shell's folder's, and the function runs in another one.
    return os.pathsep.join(dict.fromkeys(os.path.abspath(entry) for entry in entries if entry))
