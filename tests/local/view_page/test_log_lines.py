"""What a function logs is shown at the subsegment that a line names, and leads there from the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lambda_tracer.local.view.single_file import single_file
from tests.local.view_page import shop
from tests.local.view_page.browser import Browser, violations
from tests.local.view_page.conftest import Shop

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m"


def test_a_line_is_shown_at_the_subsegment_that_it_names_and_leads_there(
    browser: Browser, tmp_path: Path
) -> None:
    with Shop() as running:
        documents = shop.declined()
        trace = running.send(documents, "declined")
        authorize, table = running.node("declined", "## authorize"), running.node("declined", "DynamoDB")
        traceback = ["Traceback (most recent call last):", '  File "app.py", line 1', "ValueError: no"]
        log = [
            "START",
            json.dumps({"message": f"not {table}", "span_id": authorize}),
            f"[{table}] read {HOSTILE}",
            f"{authorize} {trace} failed",
            *traceback,
            "of nobody",
            f"{authorize}0 is no id, nor is {'f' * 16}",
            f"{'long ' * 4_000} {table}",
        ]
        told = {"trace_id": trace, "request_id": documents[0]["aws"]["request_id"], "documents": []}
        running.post("/api/invocations", {**told, "result": "null", "log": "\n".join(log), "event": "{}"})
        details = running.get(f"/api/traces/{trace}")
        saved = tmp_path / "saved.html"
        saved.write_text(single_file({"traces": [details["summary"]], "details": {trace: details}}))

        for address in (running.address, saved.as_uri()):
            page = browser.open(f"{address}#/trace/{trace}/{authorize}")
            lines = page.get_by_role("region", name="Log lines").locator("pre")
            expect(lines).to_have_text("\n".join([log[1], log[3], *traceback]), use_inner_text=True)

            page.keyboard.press("Escape")
            whole = page.locator("section.log")
            expect(whole.get_by_role("button", name=f"{table}, DynamoDB")).to_have_count(2)
            whole.get_by_role("button", name="Show all").click()
            expect(whole.get_by_role("button", name=f"{table}, DynamoDB")).to_have_count(3)
            expect(whole.get_by_role("button", name=authorize)).to_have_count(2)
            assert violations(page) == []
            whole.get_by_role("button", name=f"{table}, DynamoDB").last.focus()
            page.keyboard.press("Enter")
            expect(page.locator("#details h2")).to_have_text("DynamoDB")
            expect(page.locator(".rows [role=row][aria-selected=true]")).to_be_focused()
            expect(lines).to_contain_text(r"read <img src=x onerror=alert(1)>\u202e\u001b[31m")
            expect(lines).not_to_contain_text("not ")
            assert page.locator("aside img, main img").count() == 0
            browser.close(page)
