"""What senders write is text, and nothing else; and a saved page asks for nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lambda_tracer.local.view.single_file import single_file
from tests.local.view_page import shop
from tests.local.view_page.browser import Browser, settle, violations
from tests.local.view_page.conftest import Shop

pytestmark = pytest.mark.slow

HOSTILE = (
    "<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202egnp.exe\u2066\x00\x1b[31m\ud83d"
)


SHOWN = (
    r"<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202egnp.exe\u2066\u0000\u001b[31m\ud83d"
)


def hostile() -> list[shop.Document]:
    """The text wherever a text may be, a megabyte of metadata, and values of the wrong types."""
    spans = shop.Spans(shop.STARTED)
    odd = spans.sub(
        "odd",
        3,
        4,
        annotations=[1, 2],
        metadata="x",
        http=7,
        aws=[None],
        sql=True,
        cause=[HOSTILE],
        namespace=3,
        origin={},
    )
    worst = spans.sub(
        HOSTILE,
        1,
        2,
        namespace=HOSTILE,
        origin=HOSTILE,
        fault=True,
        annotations={HOSTILE: HOSTILE, "Route": HOSTILE},
        metadata={HOSTILE: {HOSTILE: [HOSTILE, {HOSTILE: None}]}},
        http={"request": {"method": HOSTILE, "url": "javascript:alert(3)"}, "response": {"status": HOSTILE}},
        sql={"sanitized_query": HOSTILE, "database_type": HOSTILE},
        aws={"operation": HOSTILE, "table_name": HOSTILE},
        cause={
            "working_directory": HOSTILE,
            "exceptions": [
                {
                    "id": "1",
                    "type": HOSTILE,
                    "message": HOSTILE,
                    "cause": "1",
                    "stack": [{"path": HOSTILE, "line": HOSTILE, "label": HOSTILE}, 7],
                },
                None,
            ],
        },
    )
    long = spans.sub("long", 5, 6, metadata={"m": {"text": "x" * 30_000 + "\n" * 10_000}})
    return [spans.segment(HOSTILE, 0, 10, user=HOSTILE, subsegments=[worst, odd, long])]


def test_texts_from_traces_are_shown_as_texts(browser: Browser, tmp_path: Path) -> None:
    with Shop() as running:
        trace = running.send(hostile(), "hostile")
        details = running.get(f"/api/traces/{trace}")
        details["nodes"][-1]["document"]["metadata"]["m"]["text"] = "<b>" + "x" * 1_000_000
        saved = tmp_path / "saved.html"
        saved.write_text(
            single_file({"traces": [details["summary"]], "details": {trace: details}}), newline=""
        )
        for address in (running.address, saved.as_uri()):
            page = browser.open(address)
            for node in details["nodes"]:
                page.evaluate("hash => { location.hash = hash }", f"#/trace/{trace}/{node['id']}")
                settle(page)
                page.locator("#details summary").click()
                expect(page.locator("#details .id code")).to_have_text(node["id"])
            page.evaluate("hash => { location.hash = hash }", f"#/trace/{trace}/{details['nodes'][1]['id']}")
            for view in ("map", "compare", "timeline"):
                page.evaluate("view => document.querySelector(`[data-view=${view}]`).click()", view)
                settle(page)
            expect(page.locator("#details h2")).to_have_text(SHOWN)
            assert (
                page.locator("main img, main script, aside img, aside script, nav img, nav script").count()
                == 0
            )
            assert page.locator("[href^=javascript]").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 1400
            browser.close(page)


def test_what_was_kept_says_so_and_its_reason_is_a_text(browser: Browser, tmp_path: Path) -> None:
    """In the list, in the head and in the details."""
    inside = [
        {"name": "## handler", "start_time": shop.STARTED, "end_time": shop.STARTED + 1, "id": "0" * 16}
    ]
    lines = [
        {"lambda_tracer": "kept", "reason": reason, "function_name": name, "segments": inside}
        for reason, name in (("timeout", "late"), (HOSTILE[:150], "odd"))
    ]
    with Shop() as running:
        page = browser.open(running.address)
        log = tmp_path / "log.txt"
        log.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        page.locator("#open-file").set_input_files(log)
        expect(page.locator("#traces .flag.kept")).to_have_count(2)
        late, odd = (page.locator("#traces li").filter(has_text=name) for name in ("late", "odd"))
        expect(late.locator(".flag.kept")).to_have_text("kept, not sampled: time-out")
        expect(odd.locator(".flag.kept")).to_contain_text(f"kept, not sampled: {SHOWN[:60]}")
        late.locator("a").click()
        expect(page.locator("#trace-flags")).to_contain_text("kept, not sampled: time-out")
        expect(page.locator("#details .note.kept")).to_contain_text("about to be ended by its time-out")
        assert violations(page) == []
        assert page.locator("main img, aside img, nav img").count() == 0

        # Handed over with its log: the line itself names every subsegment, and is none of their lines.
        trace, named = f"1-6b0dd606-{'0' * 24}", json.dumps({"span_id": "0" * 16, "message": "named"})
        log_text = "\n".join((json.dumps({**lines[0], "xray_trace_id": trace}), named))
        told = {"trace_id": trace, "request_id": "r", "documents": [], "result": "null", "event": "{}"}
        running.post("/api/invocations", {**told, "log": log_text})
        page.evaluate("hash => { location.hash = hash }", f"#/trace/{trace}/{'0' * 16}")
        shown = page.get_by_role("region", name="Log lines").locator("pre")
        expect(shown).to_have_text(named, use_inner_text=True)
        browser.close(page)


def test_a_saved_page_shows_its_traces_and_makes_no_request(
    browser: Browser, shop_view: Shop, tmp_path: Path
) -> None:
    summaries = shop_view.get("/api/traces")["traces"]
    details = {each["id"]: shop_view.get(f"/api/traces/{each['id']}") for each in summaries}
    details[shop_view.ids["declined"]]["invocations"] = [
        {
            "request_id": "r",
            "result": '{"ok": false}',
            "log": "START\nEND",
            "report": "REPORT RequestId: r\tDuration: 65 ms",
            "event": "{}",
            "failed": True,
        }
    ]
    saved = tmp_path / "saved.html"
    saved.write_text(single_file({"traces": summaries, "details": details}), newline="")
    address = saved.as_uri()
    page = browser.open(f"{address}#/trace/{shop_view.ids['declined']}")
    expect(page.locator("#details")).to_contain_text("Result: the function failed")
    expect(page.locator("#details")).to_contain_text("Duration: 65 ms")
    expect(page.locator("#count")).to_have_text("6 traces")
    expect(page.locator("#connection")).to_have_text("Saved page")
    assert page.locator("[data-live]:visible, #save:visible").count() == 0
    page.keyboard.press("n")
    expect(page.locator("#details h2")).to_have_text("payment")
    page.keyboard.press("f")
    page.keyboard.type("A-100")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("3 of 6 match")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.locator("#map .card")).to_have_count(4)
    page.locator("#map-scope").select_option("all")
    expect(page.locator("#map .card").first).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator("#compare-rows .row").first).to_be_visible()
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith((address, "data:"))] == []
    # Whatever might get in, nothing gets out.
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => null)")
    assert any("Content Security Policy" in each for each in browser.complaints)
    browser.complaints.clear()
    browser.close(page)


def test_every_answer_of_the_server_lets_the_page_run_its_own_files_only(
    browser: Browser, shop_view: Shop
) -> None:
    page = browser.open(shop_view.address)
    page.wait_for_selector("#trace-rows li")
    answer = page.evaluate("fetch('/').then(answer => answer.headers.get('content-security-policy'))")
    assert "default-src 'none'" in answer
    assert "unsafe" not in answer
    hosts = {url.split("/")[2] for url in browser.requests if url.startswith("http")}
    assert hosts == {f"127.0.0.1:{shop_view.view.port}"}
    browser.close(page)
