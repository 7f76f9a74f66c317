"""Invocations one after the other: cold, warm, failing, each in the environment that Lambda would give."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.local.command import invoke
from tests.local.texts import tree


def test_the_first_invocation_is_cold_and_the_second_warm(folder: Path) -> None:
    ran = invoke("app.traced", "-n", "2", folder=folder)

    assert ran.tree == tree(
        """
        payment  AWS::Lambda
        └─ payment  AWS::Lambda::Function
           ├─ Initialization
           └─ work
        payment  AWS::Lambda
        └─ payment  AWS::Lambda::Function
           └─ work
        """
    )
    assert re.findall(r"Invocation \d of 2, ([a-z ]+) ─", ran.err) == ["cold start", "warm"]
    assert ran.err.count("Init Duration: ") == 1


def test_a_failing_handler_shows_its_error_as_lambda_would_and_the_next_event_still_runs(
    folder: Path,
) -> None:
    ran = invoke("app.failing", "--event", "{}", "--event", '{"fine": 1}', folder=folder)

    error, fine = ran.results
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "amount must be positive")
    assert 'raise ValueError("amount must be positive")' in error["stackTrace"][0]
    assert (fine, ran.exit_code) == ("fine", 1)
    assert "── Invocation 1 of 2, cold start, failed: ValueError ─" in ran.err
    assert "\nTraceback (most recent call last):\n" in ran.err


def test_the_environment_is_lambdas_and_not_the_shells(folder: Path) -> None:
    asked = {
        "LAMBDA_TASK_ROOT": str(folder),
        "_HANDLER": "app.environment",
        "AWS_LAMBDA_FUNCTION_NAME": "payment",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "from the shell",
        "AWS_ENDPOINT_URL_S3": "http://localhost:1",
        "TABLE": "a=b",
        "TZ": ":UTC",
        "POWERTOOLS_SERVICE_NAME": None,
        "AWS_SAM_LOCAL": None,
    }
    options = ("--memory", "256", "--env", "TABLE=a=b", "--event", json.dumps(list(asked)))

    ran = invoke(
        "app.environment",
        *options,
        folder=folder,
        AWS_REGION="eu-west-1",
        AWS_ACCESS_KEY_ID="from the shell",
        AWS_ENDPOINT_URL_S3="http://localhost:1",
        POWERTOOLS_SERVICE_NAME="from the shell",
        AWS_SAM_LOCAL="true",
    )

    assert ran.results == [asked]


def test_the_task_root_and_a_handler_in_a_folder_are_found_as_lambda_finds_them(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("def handler(event, context):\n    return __name__\n")

    ran = invoke("src/app.handler", "--task-root", "payment", folder=folder.parent)

    assert ran.results == ["src.app"]


def test_what_the_function_starts_is_served(folder: Path) -> None:
    """Workers are its children, and a wrapper's child is the function itself."""
    (folder / "wrapper").write_text('#!/bin/sh\n"$@"\nexit 0\n')
    (folder / "wrapper").chmod(0o755)

    ran = invoke("app.echo", "--env", f"AWS_LAMBDA_EXEC_WRAPPER={folder / 'wrapper'}", folder=folder)

    assert (ran.exit_code, ran.results) == (0, [{}])


def test_a_process_that_can_not_be_started_is_said(folder: Path) -> None:
    ran = invoke("app.echo", "--env", "AWS_LAMBDA_EXEC_WRAPPER=/no/where", folder=folder)

    (said,) = ran.complaints
    assert said.startswith("lambda-tracer: Runtime.InvalidEntrypoint: the process can't be started: ")
    assert ran.exit_code == 1


def test_an_endless_recursion_is_the_handlers_own_error(folder: Path) -> None:
    (folder / "endless.py").write_text("def handler(event, context):\n    return handler(event, context)\n")

    process, inline = (invoke("endless.handler", *mode, folder=folder) for mode in ([], ["--inline"]))

    assert process.results[0]["errorType"] == inline.results[0]["errorType"] == "RecursionError"
    assert "RecursionError: maximum recursion depth exceeded" in process.err.partition("── Invocation")[2]
