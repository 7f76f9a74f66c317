"""What arrives is shown at once, and takes nothing away from who is reading."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lambda_tracer.local.view.view import View
from tests.local.view_page import shop
from tests.local.view_page.browser import Browser, settle, work_of
from tests.local.view_page.conftest import Shop

pytestmark = pytest.mark.slow


def test_traces_and_what_is_added_to_them_appear_without_a_reload(browser: Browser) -> None:
    with Shop() as running:
        page = browser.open(running.address)
        expect(page.locator("#connection")).to_have_text("Live")
        begun = shop.unfinished()
        running.send(begun[:2], "report")
        expect(page.locator("#trace-name")).to_have_text("report")  # the first is shown
        handler = page.locator("#waterfall .row", has_text="lambda_handler")
        handler.click()
        expect(handler).to_be_focused()
        expect(page.locator("#details p.note")).to_contain_text("its end has not arrived")

        # Others arrive, and this one goes on: the focus and the selected row stay.
        running.send([begun[2]], "report")
        running.send(shop.declined(shop.STARTED + 60))
        expect(page.locator("#waterfall .rows .row")).to_have_count(3)
        expect(page.locator("#count")).to_have_text("2 traces")
        expect(handler).to_be_focused()
        ended = {**begun[1], "end_time": begun[1]["start_time"] + 2.5}
        del ended["in_progress"]
        running.send([ended], "report")
        expect(handler).not_to_contain_text("in progress")
        expect(handler).to_be_focused()
        expect(handler).to_have_attribute("aria-selected", "true")
        expect(page.locator("#trace-name")).to_have_text("report")
        page.locator("#trace-rows a").last.focus()
        running.send(shop.batch(shop.STARTED + 90))
        expect(page.locator("#trace-rows a").first).to_contain_text("import")
        expect(page.locator("#trace-rows a").last).to_be_focused()

        settle(page)
        page.keyboard.press("p")
        running.send(shop.without_root(shop.STARTED + 120))
        expect(page.locator("#pause-text")).to_have_text("Resume, 1 waiting")
        expect(page.locator("#trace-rows a")).to_have_count(3)
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#trace-rows a")).to_have_count(4)

        page.get_by_role("button", name="Clear").click()
        page.get_by_role("button", name="Clear 4 traces?").click()
        expect(page.locator(".welcome h2")).to_have_text("Waiting for the first trace")

        running.view.close()
        expect(page.locator("#connection")).to_contain_text("Connection lost")
        running.view = View(running.view.port)
        running.send(shop.declined())
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("#trace-name")).to_have_text("payment")
        page.context.close()


READ = """async id => {
    const { Tree } = await import('/app/tree.js');
    const { change } = await import('/app/store.js');
    const answer = await (await fetch(`/api/traces/${id}`)).json();
    window.paint = async () => {
        const route = { trace: id, node: null, view: 'timeline', with: null, scope: 'trace' };
        change({ tree: new Tree(answer), route });
        await null;
        document.body.offsetHeight;
    };
}"""

MAX_S = 0.4
"""Of a processor's time, however busy it is. It takes about 0.06 where nothing else runs."""


def test_twenty_thousand_subsegments_paint_at_once_and_scroll(browser: Browser) -> None:
    with Shop() as running:
        running.send(shop.declined(), "declined")
        running.send(shop.large(20_000), "large")
        page = browser.open(running.page("declined"))
        page.wait_for_selector("#details h2")

        page.evaluate(READ, running.ids["large"])
        with work_of(page) as work:
            page.evaluate("paint()")
        assert work.seconds < MAX_S
        rows = page.locator("#waterfall .rows .row")
        assert rows.count() < 100
        assert page.locator("#waterfall").get_attribute("aria-rowcount") == "20002"

        rows.nth(1).click()
        page.keyboard.press("End")
        expect(page.locator("#details h2")).to_contain_text("leaf 19")
        last = page.locator("#waterfall .row[aria-selected=true]")
        expect(last).to_be_focused()
        # The focused row stays in the document when it is scrolled out of sight.
        page.locator("#waterfall").evaluate("grid => { grid.scrollTop = 0 }")
        expect(page.locator("#waterfall .row", has_text="## part 0")).to_be_visible()
        expect(last).to_be_focused()
        page.keyboard.press("/")
        page.keyboard.type("leaf 10001")
        page.keyboard.press("Enter")
        expect(last.locator(".name")).to_have_text("leaf 10001")
        expect(last).to_be_in_viewport()
        assert rows.count() < 100
        browser.close(page)


ERROR = json.dumps(
    {"errorType": "PaymentDeclined", "errorMessage": "declined", "stackTrace": ["  File app.py, line 1\n"]}
)
"""As the runtime reports one."""


def test_a_trace_is_saved_and_opened_again_with_what_invoke_knows_of_it(
    browser: Browser, tmp_path: Path
) -> None:
    with Shop() as running:
        documents = shop.declined()
        running.send(documents, "declined")
        told = {
            "trace_id": running.ids["declined"],
            "request_id": documents[0]["aws"]["request_id"],
            "documents": [],
        }
        known = {
            "result": ERROR,
            "log": "START",
            "report": "REPORT Duration: 65 ms",
        }
        running.post("/api/invocations", {**told, **known, "event": "{}", "failed": True})
        page = browser.open(running.page("declined"))
        expect(page.locator("#details")).to_contain_text("Result: the function failed")
        expect(page.locator("#details .result pre")).to_have_text(
            "PaymentDeclined: declined\n\n  File app.py, line 1", use_inner_text=True
        )

        page.get_by_text("Save as").click()
        saved = {}
        for name in ("HTML page", "JSON", "Text", "Trace events"):
            with page.expect_download() as download:
                page.get_by_role("link", name=name).click()
            saved[name] = tmp_path / download.value.suggested_filename
            download.value.save_as(saved[name])
        browser.close(page)
        assert len({path.suffix for path in saved.values()}) == 3

    page = browser.open(saved["HTML page"].as_uri())
    expect(page.locator("#details")).to_contain_text("REPORT Duration: 65 ms")
    browser.close(page)

    with Shop() as another:
        page = browser.open(another.address)
        page.locator("#open-file").set_input_files(saved["JSON"])
        expect(page.locator("#trace-name")).to_have_text("payment")
        expect(page.locator("#said")).to_contain_text("1 trace")
        expect(page.locator("#details")).to_contain_text("Result: the function failed")
        nothing = tmp_path / "nothing.txt"
        nothing.write_text("nothing")
        page.locator("#open-file").set_input_files(nothing)
        expect(page.locator("#said")).to_contain_text("nothing.txt: ")
        browser.complaints.clear()  # an answer of 400, if it is one
        browser.close(page)
