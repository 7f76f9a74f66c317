"""Functions are what they were to whoever looks, and are put back; a module that refuses is left as it was."""

from __future__ import annotations

import importlib
import inspect
import logging
from typing import Any

import pytest

from lambda_tracer import patch
from lambda_tracer.patches import own_packages
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.daemon import Daemon
from tests.patches.own_packages.shop import PRICES, SHOP, Application, members


def test_functions_are_what_they_were_to_whoever_looks(shop: Any) -> None:
    assert str(inspect.signature(shop.total)) == "(items)"
    assert (shop.total.__doc__, shop.total.__module__, shop.total.__qualname__) == (
        "What the items cost.",
        "shop",
        "total",
    )
    assert inspect.iscoroutinefunction(shop.fetch)
    assert inspect.isgeneratorfunction(shop.items)
    assert inspect.isasyncgenfunction(shop.stream)
    assert isinstance(vars(shop.Basket)["static"], staticmethod)
    assert isinstance(vars(shop.Basket)["of"], classmethod)
    assert shop.Basket.add.__qualname__ == "Basket.add"


def test_unpatch_puts_the_very_same_functions_back(application: Application, daemon: Daemon) -> None:
    application.write({"shop/__init__": SHOP, "shop/prices": PRICES})
    shop = importlib.import_module("shop")
    before = members(shop)
    price = shop.prices.price

    patch(["shop"])
    patched = members(shop)
    unpatch(["shop"])

    assert [place for place, value in members(shop).items() if value is not before[place]] == []
    assert shop.prices.price is price
    replaced = {name for (_, name), value in patched.items() if value is not before[_, name]}
    plain = {"total", "fails", "_private", "double", "fetch", "items", "stream"}
    assert replaced == plain | {"__init__", "__call__", "add", "static", "of", "text", "size"}


def test_patching_again_changes_nothing(shop: Any, daemon: Daemon) -> None:
    before = members(shop)

    patch(["shop"])
    patch(["shop.prices"])

    assert members(shop) == before
    shop.total(["pen"])
    daemon.expect_tree("""
        total
          price
    """)


def test_modules_imported_after_unpatch_are_not_captured(application: Application, daemon: Daemon) -> None:
    application.write({"shop/__init__": "", "shop/prices": PRICES})
    patch(["shop"])
    importlib.import_module("shop")

    unpatch(["shop"])

    assert not own_packages.is_patched("shop")
    assert importlib.import_module("shop.prices").price("pen") == 3
    assert daemon.datagrams() == []


def test_unpatch_all_undoes_it_too(shop: Any, daemon: Daemon) -> None:
    unpatch_all()

    assert shop.total(["pen"]) == 3
    assert daemon.datagrams() == []


def test_a_package_that_never_was_patched_cannot_be_unpatched(shop: Any) -> None:
    with pytest.raises(ValueError, match=r"cannot unpatch 'shop.prices': never patched"):
        unpatch(["shop", "shop.prices"])

    assert own_packages.is_patched("shop")


def test_a_module_that_refuses_is_left_as_it_was_and_works(
    application: Application, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    refuses = "class Refuses(type):\n    def __setattr__(cls, name, value):\n        raise TypeError('no')\n"
    fixed = "class Fixed(metaclass=Refuses):\n    def method(self):\n        return 'method'\n"
    application.write({"shop/__init__": "", "shop/fixed": refuses + PRICES + fixed, "shop/prices": PRICES})
    caplog.set_level(logging.DEBUG, "lambda_tracer")
    patch(["shop"])

    fixed_module = importlib.import_module("shop.fixed")
    prices = importlib.import_module("shop.prices")

    assert (fixed_module.Fixed().method(), fixed_module.price("pen"), prices.price("ink")) == ("method", 3, 3)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == (
        "WARNING",
        "a module could not be patched (TypeError): it works, untraced",
    )
    daemon.expect_tree("price")
