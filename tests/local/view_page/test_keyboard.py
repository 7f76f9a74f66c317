"""Everything can be done with the keyboard, and every trace and subsegment has an address."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.local.view_page.browser import Browser
from tests.local.view_page.conftest import Shop

pytestmark = pytest.mark.slow


def focused(page: Page) -> str:
    """The name in the focused row."""
    return str(
        page.evaluate(
            "document.activeElement.querySelector('.name, .trace-name')?.textContent ?? document.activeElement.id"
        )
    )


def test_rows_are_walked_and_folded_with_the_arrows(browser: Browser, shop_view: Shop) -> None:
    page = browser.open(shop_view.page("declined"))
    rows = page.get_by_role("treegrid", name="Subsegments").locator(".rows [role=row]")
    expect(rows).to_have_count(10)
    rows.first.focus()
    walked = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowDown", "End", "Home", "ArrowRight"):
        page.keyboard.press(key)
        walked.append(focused(page))
    assert walked == [
        "payment",
        "Invocation",
        "## lambda_handler",
        "## lambda_handler",
        "Overhead",
        "Overhead",
        "payment",
        "payment",
    ]
    expect(rows).to_have_count(5)
    expect(page.locator(".row", has_text="## lambda_handler")).to_have_attribute("aria-expanded", "false")

    # Who is selected is in the address; Enter goes to its details, Esc comes back, and again to the trace as a whole.
    expect(page.locator("#details h2")).to_have_text("payment")
    assert page.url.endswith(
        f"/{shop_view.get('/api/traces/' + shop_view.ids['declined'])['nodes'][1]['id']}"
    )
    page.keyboard.press("Enter")
    assert focused(page) == "details"
    page.keyboard.press("Escape")
    assert focused(page) == "payment"
    page.keyboard.press("Escape")
    expect(page.locator("#details h2")).to_have_text("payment")
    assert page.url.endswith(shop_view.ids["declined"])

    # What is folded away is opened for the next fault.
    page.keyboard.press("N")
    expect(page.locator("#details h2")).to_have_text("DynamoDB")
    page.keyboard.press("N")
    expect(page.locator("#details h2")).to_have_text("## authorize")
    assert focused(page) == "## authorize"
    page.keyboard.press("n")
    assert focused(page) == "DynamoDB"
    page.keyboard.press("n")
    assert focused(page) == "payment"
    assert page.locator("[role=row][tabindex='0']").count() == 1
    browser.close(page)


def test_what_is_looked_for_is_found_in_names_and_documents(browser: Browser, shop_view: Shop) -> None:
    page = browser.open(shop_view.page("batch"))
    page.wait_for_selector(".row.group")
    assert page.locator(".rows .row").count() == 7  # a hundred and twenty equal ones are one
    expect(page.locator(".row.group")).to_contain_text("\u00d7 120")
    expect(page.locator(".row.group")).to_contain_text("3 faults")

    page.keyboard.press("/")
    page.keyboard.type("orders-stored")
    expect(page.locator("#find-count")).to_have_text("0 of 1")
    page.keyboard.press("Enter")
    expect(page.locator("#find-count")).to_have_text("1 of 1")
    expect(page.locator("#details h2")).to_have_text("SNS")
    assert focused(page) == "find"
    page.locator("#find").fill('"status":500')
    expect(page.locator("#find-count")).to_have_text("0 of 3")
    page.keyboard.press("Enter")
    expect(page.locator(".rows .row.found[aria-selected=true] .name")).to_have_text("DynamoDB")
    expect(page.locator(".row.group")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#find-count")).to_have_text("")
    assert focused(page) == "DynamoDB"
    browser.close(page)


def test_back_and_forward_follow_traces_subsegments_and_views(browser: Browser, shop_view: Shop) -> None:
    page = browser.open(shop_view.page("cold", node="SQS"))
    expect(page).to_have_title("SQS · checkout 505.0 ms · lambda-tracer")
    page.get_by_role("link", name="payment").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_title("fault · payment 67.0 ms · lambda-tracer")
    page.keyboard.press("2")
    expect(page.locator("#map .card")).to_have_count(4)
    page.keyboard.press("j")
    expect(page.locator("#trace-name")).to_have_text("checkout")
    assert "view=map" in page.url
    page.go_back()
    expect(page.locator("#trace-name")).to_have_text("payment")
    page.go_back()
    expect(page.locator("#timeline")).to_be_visible()
    page.go_back()
    expect(page.locator("#details h2")).to_have_text("SQS")
    page.go_forward()
    expect(page).to_have_title("fault · payment 67.0 ms · lambda-tracer")

    page.goto(shop_view.address + "#/trace/1-00000000-000000000000000000000000")
    expect(page.locator("#empty")).to_contain_text("This trace is not here")
    browser.complaints.clear()  # the 404, which the browser reports itself
    browser.close(page)


def test_a_comparison_puts_cold_beside_warm(browser: Browser, shop_view: Shop) -> None:
    page = browser.open(shop_view.page("cold"))
    page.wait_for_selector("#waterfall .row.segment")
    page.keyboard.press("3")
    rows = page.get_by_role("treegrid", name="Two traces compared").locator(".rows [role=row]")
    expect(page.locator("#compare-sum")).to_have_text("B is 356.2 ms faster, 3.4 times.")
    expect(rows).to_have_count(21)
    assert f"with={shop_view.ids['warm']}" in page.url
    texts = [" ".join(text.split()) for text in rows.all_inner_texts()]
    assert texts[0] == "checkout 505.0 ms 148.8 ms \u2212356.2 ms"
    assert texts[2] == "Initialization only in A 256.0 ms \u2013"
    page.get_by_role("button", name="Swap").click()
    expect(page.locator("#compare-sum")).to_have_text("B is 356.2 ms slower, 3.4 times.")
    browser.close(page)


def test_a_filter_says_how_many_match_and_what_is_wrong_with_it(browser: Browser, shop_view: Shop) -> None:
    page = browser.open(shop_view.address)
    expect(page.locator("#count")).to_have_text("6 traces")
    page.keyboard.press("f")
    page.keyboard.type("annotation.Or")
    expect(page.get_by_role("option")).to_have_text(["annotation.Orderan annotation"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type('= "A-100')
    page.keyboard.press("Enter")
    expect(page.locator("#filter-error")).to_contain_text("character")
    page.wait_for_timeout(300)  # in which events would be refused, too
    expect(page.locator("#connection")).to_have_text("Live")
    page.keyboard.type('2" fault')
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("1 of 6 match")
    expect(page.locator("#filter-error")).to_have_text("")
    assert "filter=annotation.Order" in page.url

    page.locator("#filter").fill("duration > 100")
    page.keyboard.press("Enter")
    expect(page.locator("#empty")).to_be_hidden()  # the trace that is shown stays
    expect(page.locator("#count")).to_have_text("0 of 6 match")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator("#count")).to_have_text("6 traces")
    browser.complaints.clear()  # the 400
    browser.close(page)
