"""Lambda's part in a trace: a header that goes on, is not sampled, or says nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.local.command import invoke

ROOT = "1-6afff803-a8d924bb6b80d998d67e49e4"


def test_unsampled_tells_the_function_so_and_draws_no_trace(folder: Path) -> None:
    ran = invoke("app.described", "--unsampled", folder=folder)

    assert re.fullmatch(
        r"Root=1-\w{8}-\w{24};Parent=\w{16};Sampled=0;Lineage=1:\w{8}:0", ran.results[0]["header"]
    )
    assert "No trace: the invocation is not sampled." in ran.err
    assert ran.tree == ""


def test_a_given_trace_is_continued_with_the_function_as_parent(folder: Path) -> None:
    given = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:abcdef01:2;Tenant=a"

    ran = invoke("app.described", "--trace-header", given, "--json", "trace.json", folder=folder)

    service, *_ = segments = json.loads((folder / "trace.json").read_text())["invocations"][0]["segments"]
    function = service["subsegments"][0]
    assert [segment["parent_id"] for segment in segments] == ["53995c3f42cd8ad8"]
    assert (
        ran.results[0]["header"]
        == f"Root={ROOT};Parent={function['id']};Sampled=1;Lineage=1:abcdef01:2;Tenant=a"
    )


@pytest.mark.parametrize("header", [f"Root={ROOT};Lineage=1:abcdef01:2", "garbage", "Root=;;=", ""])
def test_a_header_without_a_decision_is_handed_on_as_it_is(folder: Path, header: str) -> None:
    ran = invoke("app.described", "--trace-header", header, folder=folder)

    assert (ran.exit_code, ran.results[0]["header"] or "") == (0, header)
    assert ran.tree == ""
