"""A function's folder with the handlers of `command.HANDLERS`, named `payment`; and a line that a tracer has kept."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lambda_tracer import Tracer
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.local.command import HANDLERS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`app.py` is in it."""
    function = tmp_path / "payment"
    function.mkdir()
    (function / "app.py").write_text(HANDLERS)
    return function


@pytest.fixture
def kept_line(daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the tracer has written of an invocation that was not sampled, and failed."""
    invoke(sampled=0)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "payment")
    tracer = Tracer(service="shop", auto_patch=False, keep="errors")

    @tracer.capture_method
    def charge(order: str) -> None:
        tracer.put_annotation("order", order)
        raise LookupError('no "card" at C:\\cards, € {"a": [1]}\n')

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        charge("A-1")

    log = io.StringIO()
    monkeypatch.setattr(sys, "__stdout__", log)
    with pytest.raises(LookupError):
        handler({}, SimpleNamespace(aws_request_id="ed2791d9-0000"))
    return log.getvalue().rstrip("\n")
