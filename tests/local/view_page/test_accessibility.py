"""Everyone can use the page: axe finds nothing to complain of, contrast included, in every view and both schemes."""

from __future__ import annotations

import pytest

from tests.local.view_page.browser import NARROW, WIDE, Browser, Scheme, settle, violations
from tests.local.view_page.conftest import Shop

pytestmark = pytest.mark.slow


def addresses(shop: Shop) -> dict[str, str]:
    """Of every view, and of details of every kind."""
    return {
        "fault": shop.page("declined", node="## authorize"),
        "http and metadata": shop.page("cold", node="## lambda_handler"),
        "problem": shop.page("without root", node="## lambda_handler"),
        "in progress": shop.page("unfinished"),
        "map": shop.page("cold", "?view=map"),
        "compare": shop.page("cold", f"?view=compare&with={shop.ids['warm']}"),
        "bad filter": shop.page("declined", "?filter=duration+%3E"),
        "no trace matches": f"{shop.address}#/?filter=duration+%3E+1000",
    }


LOOKED_AT_WHOLLY = {"http and metadata", "map", "compare", "no trace matches"}
"""In light colours, by all of axe's rules. Everywhere else contrast is what may differ."""

CONTRAST_IN_DARK = {"fault", "http and metadata", "problem", "map", "compare"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(browser: Browser, shop_view: Shop, scheme: Scheme) -> None:
    page = browser.open(shop_view.address, scheme)
    page.wait_for_selector("#trace-rows li")
    found = {}
    for name, address in addresses(shop_view).items():
        if scheme == "dark" and name not in CONTRAST_IN_DARK:
            continue
        page.evaluate("address => { location.href = address }", address)
        settle(page)
        is_whole = scheme == "light" and name in LOOKED_AT_WHOLLY
        found[name] = violations(page, None if is_whole else ["color-contrast"])
    page.keyboard.press("?")
    found["keys"] = violations(page)
    page.context.close()

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_axe_finds_nothing_where_panes_are_below_each_other(browser: Browser, shop_view: Shop) -> None:
    page = browser.open(shop_view.page("declined", node="## authorize"), size=NARROW)
    page.wait_for_selector("#details h2")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW[0]
    lower = page.locator("#details").bounding_box()
    upper = page.locator("#timeline").bounding_box()
    assert lower
    assert upper
    assert lower["y"] >= upper["y"] + upper["height"] - 1
    browser.close(page)


def test_an_empty_view_tells_a_newcomer_what_to_do(browser: Browser) -> None:
    with Shop() as running:
        page = browser.open(running.address, size=WIDE)
        welcome = page.locator(".welcome")
        welcome.wait_for()

        assert f"AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:{running.view.port}" in welcome.inner_text()
        assert (
            f"invoke app.lambda_handler --event event.json --view-port {running.view.port}"
            in welcome.inner_text()
        )
        assert violations(page) == []
        browser.close(page)
