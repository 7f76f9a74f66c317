"""Which modules are patched, and when."""

from __future__ import annotations

import importlib
import sys
from contextlib import closing
from typing import Any

import pytest

from lambda_tracer import Tracer, patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.own_packages.shop import PRICES, SHOP, Application


def test_modules_are_patched_when_they_are_imported(application: Application, daemon: Daemon) -> None:
    application.write({"shop/__init__": "", "shop/prices": PRICES, "shop/deep/prices": PRICES})
    patch(["shop"])

    from shop.deep.prices import price as deep_price  # type: ignore[import-not-found]
    from shop.prices import price  # type: ignore[import-not-found]

    assert price("pen") + deep_price("ink") == 6
    daemon.expect_tree("""
        price
        price
    """)


def test_registering_a_package_imports_nothing(application: Application) -> None:
    application.write({"shop/__init__": "raise AssertionError('it was imported')"})

    patch(["shop"])

    assert "shop" not in sys.modules


def test_one_module_of_a_package_can_be_patched_alone(application: Application, daemon: Daemon) -> None:
    application.write({"shop/__init__": SHOP, "shop/prices": PRICES})
    patch(["shop.prices"])

    shop = importlib.import_module("shop")

    assert shop.total(["pen"]) == 3
    daemon.expect_tree("price")


def test_a_package_whose_name_begins_alike_is_another_one(application: Application, daemon: Daemon) -> None:
    application.write({"shop/__init__": PRICES, "shopping": PRICES})
    patch(["shop"])

    assert importlib.import_module("shopping").price("pen") == 3

    assert daemon.datagrams() == []


def test_modules_can_be_left_out_by_pattern(application: Application, daemon: Daemon) -> None:
    sources = dict.fromkeys(("shop/prices", "shop/hot", "shop/hot_too", "shop/deep/hot"), PRICES)
    application.write({"shop/__init__": PRICES, "shop/deep/__init__": PRICES, **sources})
    patch(["shop"], ignore_module_patterns=[r"shop\.hot$", r".*\.deep\."])

    for name in ("shop", "shop.prices", "shop.hot", "shop.hot_too", "shop.deep", "shop.deep.hot"):
        with xray_recorder.in_subsegment(name):
            importlib.import_module(name).price("pen")

    daemon.expect_tree("""
        shop
          price
        shop.prices
          price
        shop.hot
        shop.hot_too
          price
        shop.deep
          price
        shop.deep.hot
    """)


def test_patterns_say_nothing_of_known_libraries(daemon: Daemon) -> None:
    sqlite3 = importlib.import_module("sqlite3")
    patch(["sqlite3"], ignore_module_patterns=[".*"])

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("select 1")
    unpatch_all()

    daemon.expect_tree(":memory:")


def test_a_package_is_found_as_import_finds_it_and_not_by_the_current_directory(
    application: Application,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    daemon: Daemon,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "shopping.py").write_text(PRICES)
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(elsewhere))])
    application.write({"shop": PRICES})

    patch(["shop"])
    with pytest.raises(ValueError, match="cannot patch 'shopping'"):
        patch(["shopping"])

    assert importlib.import_module("shop").price("pen") == 3
    daemon.expect_tree("price")


def test_libraries_and_packages_can_be_named_together(application: Application, daemon: Daemon) -> None:
    application.write({"shop": PRICES})
    sqlite3 = importlib.import_module("sqlite3")

    Tracer(patch_modules=["sqlite3", "shop"])

    importlib.import_module("shop").price("pen")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("select 1")
    daemon.expect_tree("""
        price
        :memory:
    """)


def test_everything_known_is_not_everything_of_ones_own(application: Application, daemon: Daemon) -> None:
    application.write({"shop": PRICES})

    Tracer()

    assert importlib.import_module("shop").price("pen") == 3
    assert daemon.datagrams() == []


def test_a_reloaded_module_is_patched_again(shop: Any, daemon: Daemon) -> None:
    importlib.reload(shop.prices)

    shop.prices.price("pen")

    daemon.expect_tree("price")
