"""Your own packages, patched: each function of theirs is a subsegment, and stays the function that it was."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Tracer, patch, xray_recorder
from lambda_tracer.patches import own_packages, unpatch, unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon

SHOP = '''
"""The modules of an application."""

from functools import lru_cache, partial
from json import dumps

from . import prices

def total(items):
    """What the items cost."""
    return sum(prices.price(item) for item in items)

def fails():
    raise ValueError("on purpose")

def _private():
    return "private"

double = lambda number: 2 * number

async def fetch(item):
    import asyncio
    await asyncio.sleep(0)
    return prices.price(item)

def items():
    for item in ("pen", "ink"):
        prices.price(item)
        yield item
    return "end"

async def stream():
    for item in ("pen", "ink"):
        prices.price(item)
        yield item

@lru_cache
def cached():
    return "cached"

bound = partial(dumps, [])

class Basket:
    """Things to buy."""

    def __init__(self, *items):
        self.items = list(items)

    def __call__(self):
        return self.items

    def __len__(self):
        return len(self.items)

    def __repr__(self):
        return "Basket"

    @property
    def first(self):
        return self.items[0]

    def add(self, item):
        self.items.append(item)
        return self

    async def fetch(self):
        return self.items

    @staticmethod
    def static(item):
        return item

    @classmethod
    def of(cls, *items):
        return cls(*items)

    class Label:
        def text(self):
            return "label"

        class Font:
            def size(self):
                return 12

class Big(Basket):
    def add(self, item):
        return super().add(item)
'''

PRICES = """
from json import dumps

def price(item):
    return len(item)
"""


class Application:
    """Packages that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, sources: dict[str, str]) -> None:
        for name, source in sources.items():
            path = self.folder / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        importlib.invalidate_caches()


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Application(tmp_path)
    unpatch_all()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("shop", "shopping")]:
        del sys.modules[name]


@pytest.fixture
def shop(application: Application) -> Any:
    """The package `shop`, imported, then patched."""
    application.write({"shop/__init__": SHOP, "shop/prices": PRICES})
    module = importlib.import_module("shop")
    patch(["shop"])
    return module


def members(module: Any) -> dict[tuple[str, str], Any]:
    """What is in the namespaces of a module and of its classes."""
    owners = [module, module.Basket, module.Basket.Label, module.Basket.Label.Font, module.Big]
    return {(owner.__name__, name): value for owner in owners for name, value in vars(owner).items()}


# What is recorded


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


# What it was before


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


# Which modules


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


# Beside Tracer


def test_what_a_tracer_captures_is_not_captured_again(application: Application, daemon: Daemon) -> None:
    application.write(
        {
            "shop": "from contextlib import contextmanager\n"
            "from functools import wraps\n"
            "from lambda_tracer import Tracer, xray_recorder\n"
            "tracer = Tracer(service='shop', auto_patch=False)\n"
            "def another(function):\n"
            "    @wraps(function)\n"
            "    def wrapper(*args, **kwargs):\n        return function(*args, **kwargs)\n"
            "    return wrapper\n"
            "def price():\n    return 3\n"
            "@another\n"
            "@tracer.capture_method\n"
            "def captured():\n    return price()\n"
            "@xray_recorder.capture('named')\n"
            "def by_the_recorder():\n    return captured()\n"
            "@tracer.capture_method\n"
            "@contextmanager\n"
            "def context():\n    yield\n"
            "class Handlers:\n"
            "    @staticmethod\n"
            "    @tracer.capture_lambda_handler\n"
            "    def lambda_handler(event, context_):\n"
            "        with context():\n"
            "            return by_the_recorder()\n"
        }
    )
    patch(["shop"])

    assert importlib.import_module("shop").Handlers.lambda_handler({}, None) == 3

    daemon.expect_tree("""
        ## lambda_handler
          ## shop.context
            named
              ## shop.captured
                price
    """)


def test_a_coroutine_handler_of_a_patched_package_works(application: Application, daemon: Daemon) -> None:
    application.write(
        {
            "shop": "from lambda_tracer import Tracer\n"
            "tracer = Tracer(service='shop', auto_patch=False)\n"
            "async def price():\n    return 3\n"
            "@tracer.capture_lambda_handler\n"
            "async def lambda_handler(event, context):\n    return await price()\n"
        }
    )
    patch(["shop"])

    assert importlib.import_module("shop").lambda_handler({}, None) == 3

    daemon.expect_tree("""
        ## lambda_handler
          price
    """)


WRAPPED = """
import wrapt

@wrapt.decorator
def telling(wrapped, instance, args, kwargs):
    return instance, wrapped(*args, **kwargs)

@telling
def function(value):
    return value

class Till:
    @telling
    def method(self, value):
        return value

    @telling
    @classmethod
    def of_class(cls, value):
        return value

    @telling
    @staticmethod
    def static(value):
        return value
"""


def test_what_others_have_wrapped_is_told_its_instance(application: Application, daemon: Daemon) -> None:
    pytest.importorskip("wrapt", reason="wrapt is not installed")
    application.write({"shop": WRAPPED})
    patch(["shop"])
    shop = importlib.import_module("shop")
    till = shop.Till()

    assert shop.function(1) == (None, 1)
    assert till.method(2) == shop.Till.method(till, 2) == (till, 2)
    assert till.of_class(3) == shop.Till.of_class(3) == (shop.Till, 3)
    assert till.static(4) == shop.Till.static(4) == (None, 4)
    names = [part["name"] for part in daemon.subsegments()]
    assert names == ["function", "method", "method", "of_class", "of_class", "static", "static"]


# Undone, and refused


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
