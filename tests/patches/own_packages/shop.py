"""An application that a test writes: the package `shop`, which has functions of every kind."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

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


def members(module: Any) -> dict[tuple[str, str], Any]:
    """What is in the namespaces of a module and of its classes."""
    owners = [module, module.Basket, module.Basket.Label, module.Basket.Label.Font, module.Big]
    return {(owner.__name__, name): value for owner in owners for name, value in vars(owner).items()}
