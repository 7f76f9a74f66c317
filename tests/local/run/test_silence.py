"""Where no document came, the report says why: what has switched tracing off, and where to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.command import invoke

TRACED = """
import os
from lambda_tracer import Tracer, global_sdk_config

tracer = Tracer(service="shop"{})

@tracer.capture_lambda_handler
def handler(event, context):
    return 1
"""


@pytest.mark.parametrize(
    ("source", "options", "reason"),
    [
        (
            TRACED.format(""),
            ["--env", "POWERTOOLS_TRACE_DISABLED=Yes"],
            "tracing is off by POWERTOOLS_TRACE_DISABLED=Yes",
        ),
        (
            TRACED.format(""),
            ["--env", "AWS_XRAY_SDK_ENABLED=off"],
            "tracing is off by AWS_XRAY_SDK_ENABLED=off",
        ),
        (
            TRACED.format(""),
            ["--env", "AWS_SAM_LOCAL=true"],
            "tracing is off, as under another local runner, by AWS_SAM_LOCAL=true",
        ),
        (
            TRACED.format(""),
            ["--env", "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:9"],
            "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:9 was given: documents went there, if there were any",
        ),
        (
            "import os\nos.environ['AWS_XRAY_DAEMON_ADDRESS'] = '127.0.0.1:9'\n" + TRACED.format(""),
            [],
            "documents may have gone elsewhere: shop.py:2 gives a daemon's address",
        ),
        (
            "import os\nos.environ['AWS_XRAY_DAEMON_ADDRESS'] = '127.0.0.1:9'\n" + TRACED.format(""),
            ["--inline"],
            "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:9 was set by the function: documents went there, if there were any",
        ),
        (
            TRACED.format(", disabled=True"),
            ["--env", "AWS_SAM_LOCAL=true", "--env", "LAMBDA_TRACER_SEGMENT=on"],
            "tracing may be off: see shop.py:5",
        ),
        (
            "import json\ndef handler(event, context):\n    return 1\n",
            [],
            "no tracer was met: no file in {folder} imports lambda_tracer or aws_xray_sdk",
        ),
        (
            "import lambda_tracer\ndef handler(event, context):\n    return 1\n",
            [],
            "nothing was recorded; is the handler captured, as by @tracer.capture_lambda_handler?",
        ),
        (
            "import os, lambda_tracer\ndef handler(event, context):\n    os._exit(1)\n",
            [],
            "its process was ended before anything was sent; is the handler captured, as by "
            "@tracer.capture_lambda_handler?",
        ),
    ],
)
def test_the_report_says_why_nothing_was_received(
    tmp_path: Path, source: str, options: list[str], reason: str
) -> None:
    (tmp_path / "shop.py").write_text(source)

    ran = invoke("shop.handler", *options, folder=tmp_path, COLUMNS="400")

    assert f"\nReceived: 0 documents: {reason.format(folder=tmp_path)}\n" in ran.err
    assert "0 bytes" not in ran.err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--unsampled"], "No trace: the invocation is not sampled."),
        (["--trace-header", "garbage"], "No trace: the trace header names none."),
    ],
)
def test_what_is_not_sampled_is_said_in_the_place_of_the_trace(
    folder: Path, options: list[str], reason: str
) -> None:
    ran = invoke("app.echo", *options, folder=folder)

    assert f"\n{reason}\n" in ran.err
    assert "Received: 0 documents, 0 bytes" in ran.err
