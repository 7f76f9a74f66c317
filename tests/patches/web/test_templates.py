"""Routes, as the frameworks write them, are recorded in one notation."""

from __future__ import annotations

import pytest

from lambda_tracer.patches.web import bottle, django, flask


@pytest.mark.parametrize(
    ("rule", "template"),
    [
        ("/", "/"),
        ("/items/<name>", "/items/{name}"),
        ("/items/<int:id>", "/items/{id}"),
        ("/items/<string(length=2):lang>/<path:rest>", "/items/{lang}/{rest}"),
        ("/<any('a', \"b\", ')'):kind>.json", "/{kind}.json"),
        ("/a<b", "/a<b"),
    ],
)
def test_flask(rule: str, template: str) -> None:
    assert flask.template(rule) == template


@pytest.mark.parametrize(
    ("rule", "template"),
    [
        ("/", "/"),
        ("/items/<name>", "/items/{name}"),
        ("/items/<id:int>", "/items/{id}"),
        ("/items/<id:re:[0-9]+>/x", "/items/{id}/x"),
        ("/items/<:re:.*>", "/items/{}"),
        ("/items/:name/x", "/items/{name}/x"),
        ("/items/:name#[a-z]+#", "/items/{name}"),
        ("/shop/:#.*#", "/shop/{}"),
        ("/a:b", "/a{b}"),
    ],
)
def test_bottle(rule: str, template: str) -> None:
    assert bottle.template(rule) == template


@pytest.mark.parametrize(
    ("route", "template"),
    [
        ("", "/"),
        ("items/", "/items/"),
        ("items/<int:pk>/<str:name>", "/items/{pk}/{name}"),
        ("items/<pk>", "/items/{pk}"),
        (r"^items/(?P<pk>[0-9]+)/$", "/items/{pk}/"),
        (r"api/^items/(?P<pk>[^/)]+)/(?:page-(?P<page>\d+)/)?$", "/api/items/{pk}/{}/"[:-1]),
        (r"^items/([a-z]{2,3})\.json\Z", "/items/{}.json"),
        (r"^(?=.*x)items\-(?P<a>(x|y(z)))/\d+$", "/items-{a}/{}"),
        (r"^[ab]/(?P<rest>.*", "/{}/{rest}"),
        ("^", "/"),
    ],
)
def test_django(route: str, template: str) -> None:
    assert django.template(route) == template
