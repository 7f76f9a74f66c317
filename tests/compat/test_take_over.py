"""`LAMBDA_TRACER_TAKE_OVER`: functions that use the X-Ray SDK, or Powertools on it, run on our recorder unchanged."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.session import Outcome, Session
from tests.compat.programs import run
from tests.test_auto import names, recorded, result

POWERTOOLS = """
    import asyncio
    from aws_lambda_powertools import Tracer
    from aws_lambda_powertools.middleware_factory import lambda_handler_decorator

    tracer = Tracer(service="payment", patch_modules=["sqlite3"])  # all that is installed takes the SDK seconds

    @lambda_handler_decorator(trace_execution=True)
    def middleware(handler, event, context):
        return handler(event, context)

    @tracer.capture_method
    async def charge(number):
        await asyncio.sleep(0.01 + number / 100)
        tracer.put_annotation("number", number)
        return number

    async def charge_all():
        return await asyncio.gather(*map(charge, range(3)))

    @middleware
    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        return asyncio.run(charge_all())
"""

SDK = """
    import sqlite3
    from aws_xray_sdk.core import patch_all, xray_recorder
    from aws_xray_sdk.core.exceptions.exceptions import SegmentNotFoundException

    patch_all()

    @xray_recorder.capture("order")
    def order():
        xray_recorder.put_annotation("item", "pen")
        sqlite3.connect(":memory:").execute("select 1")

    def lambda_handler(event, context):
        try:
            order()
        except SegmentNotFoundException:
            return "no segment"
        return xray_recorder.current_segment().trace_id
"""


def invoke(folder: Path, *, takes_over: bool = True, timeout_s: float = 60) -> Outcome:
    """One invocation of the function in that folder, taken over or as it is."""
    environment = {"LAMBDA_TRACER_HANDLER": "app.lambda_handler", "LAMBDA_TRACER_IMPORTS_MS": "60000"}
    settings = FunctionSettings(
        handler="lambda_tracer.auto.handler" if takes_over else "app.lambda_handler",
        task_root=folder,
        environment={**environment, "LAMBDA_TRACER_TAKE_OVER": "true"},
        timeout_s=timeout_s,
    )
    with Session(settings) as session:
        return session.invoke(b"null")


def write(folder: Path, code: str) -> Path:
    (folder / "app.py").write_text(dedent(code))
    return folder


def test_powertools_runs_unchanged_with_one_tree_where_the_sdk_breaks_the_function(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, POWERTOOLS)

    broken = invoke(tmp_path, takes_over=False)
    capfd.readouterr()
    outcome = invoke(tmp_path)

    assert result(broken)["errorType"] == "AlreadyEndedException"
    assert result(outcome) == [0, 1, 2]
    assert names(outcome) == ["## middleware", "## lambda_handler", *["## app.charge"] * 3]
    assert [each["annotations"] for each in recorded(outcome)[2:]] == [{"number": n} for n in range(3)]
    (said,) = (line for line in capfd.readouterr().err.splitlines() if "lambda_tracer" in line)
    assert said.endswith(
        "the function uses Powertools' Tracer, which runs on lambda_tracer (LAMBDA_TRACER_TAKE_OVER)"
    )


def test_a_function_of_the_sdk_runs_unchanged_below_a_captured_handler(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, SDK)

    outcome = invoke(tmp_path)

    handler, order, query = recorded(outcome)
    assert [handler["name"], order["name"], query["name"]] == ["## lambda_handler", "order", ":memory:"]
    assert order["annotations"] == {"item": "pen"}
    assert result(outcome) == outcome.to_dict()["segments"][0]["trace_id"]
    (said,) = (line for line in capfd.readouterr().err.splitlines() if "lambda_tracer" in line)
    assert said.endswith(
        "the function uses the X-Ray SDK, which runs on lambda_tracer (LAMBDA_TRACER_TAKE_OVER)"
    )


def test_what_powertools_left_open_at_a_time_out_is_sent(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import time
        from aws_lambda_powertools import Tracer

        tracer = Tracer(service="payment")

        @tracer.capture_method
        def hang():
            time.sleep(60)

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            hang()
        """,
    )

    outcome = invoke(tmp_path, timeout_s=2)

    found = {each["name"]: each for each in recorded(outcome)}
    assert found["## lambda_handler"]["in_progress"]
    assert found["## app.hang"]["fault"]


def test_a_function_that_uses_neither_is_traced_as_ever(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "def lambda_handler(event, context):\n    return 1")

    outcome = invoke(tmp_path)

    assert (result(outcome), names(outcome)) == (1, ["## lambda_handler"])
    assert "lambda_tracer" not in capfd.readouterr().err


def test_where_the_sdk_is_there_already_the_function_is_left_to_it(tmp_path: Path) -> None:
    write(tmp_path, "def lambda_handler(event, context):\n    return 1")

    ran = run(
        """
import aws_xray_sdk.core
sys.path.insert(0, os.environ["TASK"])
from lambda_tracer import auto
import app
note("left alone", lambda: auto.handler is app.lambda_handler)
""",
        compatible=False,
        LAMBDA_TRACER_TAKE_OVER="true",
        LAMBDA_TRACER_HANDLER="app.lambda_handler",
        TASK=str(tmp_path),
    )

    assert ran.told == {"left alone": True}
    assert [line[:40] for line in ran.log] == [
        "aws_xray_sdk has been imported already, ",
        "the function uses the X-Ray SDK, or Powe",
    ]
