"""A map of more services than one can read shows the neighbourhood of one; a narrow one says that it goes on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.local.view_page import shop
from tests.local.view_page.browser import NARROW, Browser
from tests.local.view_page.conftest import Shop

pytestmark = pytest.mark.slow

CHAIN = """async () => {
    const { busiest, layout, neighbourhood } = await import('/app/map_layout.js');
    const services = Array.from({ length: 100 }, (_, id) => ({ id, root: id === 0 }));
    const edges = services.slice(1).map(({ id }) => ({ from: id - 1, to: id }));
    const near = neighbourhood({ services, edges }, 50);
    const placed = layout(near);
    return {
        ids: near.services.map(({ id }) => id),
        edges: near.edges.length,
        layers: [...placed.nodes].map(([id, { layer }]) => layer),
        places: placed.places,
        busiest: busiest({ services, edges: [...edges, { from: 7, to: 70 }] }),
    };
}"""
"""A hundred services that call each other one after the other."""

OVERLAPS = """cards => {
    const boxes = cards.map(card => card.getBoundingClientRect());
    return boxes.flatMap((a, at) => boxes.slice(at + 1).filter(b =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length;
}"""


def many_services() -> list[shop.Document]:
    """Two services that call 45 and 30 others, the first one the second as well."""
    spans = shop.Spans(shop.STARTED)
    call = spans.sub("east", 1, 9, namespace="remote")
    western = [spans.sub(f"west {number:02}", 1, 2, namespace="remote") for number in range(45)]
    eastern = [spans.sub(f"east {number:02}", 3, 4, namespace="remote") for number in range(30)]
    west = spans.segment("west", 0, 10, subsegments=[call, *western])
    return [west, spans.segment("east", 2, 8, parent_id=call["id"], subsegments=eastern)]


def test_of_many_services_the_neighbourhood_of_one_is_shown(browser: Browser) -> None:
    with Shop() as running:
        running.send(many_services(), "many")
        page = browser.open(running.page("many", "?view=map"))
        cards = page.locator("#map .card")
        expect(cards).to_have_count(60)
        expect(page.locator("#map-told")).to_have_text("60 of 77 services")
        around = page.get_by_label("around")
        expect(around.locator("option:checked")).to_have_text("west")
        assert cards.filter(has_text="west").count() == 46
        assert cards.evaluate_all(OVERLAPS) == 0

        around.select_option(label="east 07")
        expect(cards.filter(has_text="east")).to_have_count(31)
        expect(cards).to_have_count(60)
        assert cards.evaluate_all(OVERLAPS) == 0

        found = page.evaluate(CHAIN)
        assert found["ids"] == list(range(min(found["ids"]), min(found["ids"]) + 60))
        assert found["ids"].index(50) in (29, 30)
        assert (found["edges"], found["layers"], found["places"]) == (59, list(range(60)), 1)
        assert found["busiest"] in (7, 70)
        browser.close(page)


def test_what_is_said_of_a_filter_and_of_a_cut_map_hides_nothing(browser: Browser, shop_view: Shop) -> None:
    page = browser.open(shop_view.page("cold", "?view=map&filter=duration+%3E"), size=NARROW)
    said = page.locator("#filter-error")
    expect(said).to_contain_text("expected a number")
    error, below = said.bounding_box(), page.locator(".list-head").bounding_box()
    assert error
    assert below
    assert error["y"] + error["height"] <= below["y"]

    scroll = page.locator(".map-scroll")
    expect(page.locator("#map-told")).to_have_text("8 services, scroll sideways to see all")
    expect(scroll).to_have_class("map-scroll more-left more-right")
    scroll.evaluate("map => { map.scrollLeft = map.scrollWidth }")
    expect(scroll).to_have_class("map-scroll more-left")
    page.set_viewport_size({"width": 1400, "height": 800})
    expect(page.locator("#map-told")).to_have_text("8 services")
    expect(scroll).to_have_class("map-scroll")
    browser.complaints.clear()  # the 400
    browser.close(page)
