"""Own packages whose functions a Tracer captures, or others have wrapped."""

from __future__ import annotations

import importlib

import pytest

from lambda_tracer import patch
from tests.daemon import Daemon
from tests.patches.own_packages.shop import Application


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
