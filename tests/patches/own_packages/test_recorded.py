"""What is recorded of functions, methods, coroutines and generators, and what stays untouched."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest

from tests.conftest import Invoke
from tests.daemon import Daemon


def test_a_function_is_a_subsegment_of_its_name_without_arguments_and_result(
    shop: Any, daemon: Daemon
) -> None:
    assert shop.total(["pen"]) == 3

    daemon.expect_tree(
        """
        total
          price
    """,
        namespace=True,
        metadata=True,
        annotations=True,
    )


def test_functions_of_every_name_are_captured(shop: Any, daemon: Daemon) -> None:
    assert (shop._private(), shop.double(2)) == ("private", 4)

    daemon.expect_tree("""
        _private
        double
    """)


def test_an_exception_is_recorded_and_passes(shop: Any, daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="on purpose"):
        shop.fails()

    daemon.expect_tree("fails  fault ValueError")


def test_methods_of_every_kind_are_captured_once(shop: Any, daemon: Daemon) -> None:
    basket = shop.Basket.of("pen")
    results = (basket.add("ink") is basket, basket.static("cap"), basket(), asyncio.run(basket.fetch()))

    assert results == (True, "cap", ["pen", "ink"], ["pen", "ink"])
    daemon.expect_tree("""
        of
          Basket.__init__
        add
        static
        Basket.__call__
        fetch
    """)


def test_methods_of_nested_classes_are_captured_once(shop: Any, daemon: Daemon) -> None:
    assert (shop.Basket.Label().text(), shop.Basket.Label.Font().size()) == ("label", 12)

    daemon.expect_tree("""
        text
        size
    """)


def test_an_inherited_method_is_captured_where_it_is_defined(shop: Any, daemon: Daemon) -> None:
    assert shop.Big("pen").add("ink").items == ["pen", "ink"]

    daemon.expect_tree("""
        Basket.__init__
        add
          add
    """)


def test_properties_other_dunders_and_what_comes_from_elsewhere_stay_untouched(
    shop: Any, daemon: Daemon
) -> None:
    basket = shop.Basket("pen")
    daemon.expect_tree("Basket.__init__")
    daemon.clear()

    results = (basket.first, len(basket), repr(basket), shop.dumps([]), shop.bound(), shop.cached())

    assert results == ("pen", 1, "Basket", "[]", "[]", "cached")
    assert daemon.datagrams() == []
    assert shop.dumps is importlib.import_module("json").dumps


def test_a_coroutine_lasts_until_it_is_done_and_is_the_parent_of_what_it_calls(
    shop: Any, daemon: Daemon
) -> None:
    async def both() -> list[int]:
        return await asyncio.gather(shop.fetch("pen"), shop.fetch("paper"))

    assert asyncio.run(both()) == [3, 5]
    daemon.expect_tree("""
        fetch
          price
        fetch
          price
    """)


def test_a_generator_is_the_parent_of_its_own_work_and_not_of_its_consumers(
    shop: Any, daemon: Daemon
) -> None:
    for item in shop.items():
        shop.double(item)

    daemon.expect_tree("""
        items
          price
          price
        double
        double
    """)


def test_an_asynchronous_generator_too(shop: Any, daemon: Daemon) -> None:
    async def consume() -> list[str]:
        return [shop.double(item) async for item in shop.stream()]

    assert asyncio.run(consume()) == ["penpen", "inkink"]
    daemon.expect_tree("""
        stream
          price
          price
        double
        double
    """)


def test_nothing_is_recorded_in_an_unsampled_invocation(shop: Any, daemon: Daemon, invoke: Invoke) -> None:
    invoke(sampled=0)

    assert shop.total(["pen"]) == 3
    assert list(shop.items()) == ["pen", "ink"]
    assert shop.Basket("pen")() == ["pen"]
    assert daemon.datagrams() == []
