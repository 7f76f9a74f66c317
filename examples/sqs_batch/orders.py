"""Orders: what a message asks for, checked, and put aside in the stock."""

from __future__ import annotations

import json
from typing import Any

from lambda_tracer import Tracer

tracer = Tracer(service="orders")

# Pieces at hand. A real function would ask a database; this one begins anew with each process.
stock = {"pen": 100, "ink": 20, "paper": 5}


class InvalidOrder(ValueError):
    """The message is not an order. The text names the field, never its value."""


class OutOfStock(Exception):
    """There is less at hand than was ordered."""


def parse(body: str) -> dict[str, Any]:
    """The order in a message's body. Raises InvalidOrder."""
    try:
        order: Any = json.loads(body)
    except ValueError:
        raise InvalidOrder("the body is not JSON") from None
    if not isinstance(order, dict):
        raise InvalidOrder("the body is not an object")
    if order.get("item") not in stock:
        raise InvalidOrder("item: not one that we have")
    if not isinstance(order.get("pieces"), int) or order["pieces"] < 1:
        raise InvalidOrder("pieces: expected a positive whole number")
    return order


@tracer.capture_method
def put_aside(order: dict[str, Any]) -> int:
    """Take the pieces out of the stock; returns how many are left. Raises OutOfStock."""
    if stock[order["item"]] < order["pieces"]:
        raise OutOfStock("fewer pieces at hand than ordered")
    stock[order["item"]] -= order["pieces"]
    return stock[order["item"]]
