"""A request to an application of the tests, and what is to be in the trace of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CANARY = "canary-va1ue"
"""What stands in the requests' bodies, and may be nowhere in the trace."""

IN_PATH = "path-va1ue"
"""What stands in the requests' paths, and may be in no annotation and no message."""


@dataclass(frozen=True)
class Case:
    """`path` is requested with `method`; the answer has `status`.

    `route` is the annotation, None where no route matched. `error` names the type of the exception that became the
    answer, None where none did, and `says` is its message.
    """

    path: str
    status: int
    route: str | None
    error: str | None = None
    says: str | None = None
    method: str = "GET"
    body: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Application:
    """One application behind one adapter. `handler` makes a Lambda handler of it, `event` an event for it."""

    name: str
    handler: Callable[[], Any]
    event: Callable[..., dict[str, Any]]
    cases: tuple[Case, ...]
    status: Callable[[Any], int] = field(default=lambda response: int(response["statusCode"]))


def cases(errors: Mapping[str, str], **others: Case | None) -> tuple[Case, ...]:
    """The requests that all applications answer; `errors` names the types of the exceptions by what they are for.

    `others` take the place of a case, or are further ones; None leaves one out.
    """
    found: dict[str, Case | None] = {
        "answered": Case(f"/items/{IN_PATH}", 200, "GET /items/{name}"),
        "denied": Case("/denied", 401, "GET /denied", errors["denied"], "who are you"),
        "missing": Case(
            f"/items/{IN_PATH}/parts", 404, "GET /items/{name}/parts", errors["missing"], "no parts"
        ),
        "invalid": Case("/invalid", 422, "GET /invalid", errors["invalid"], "not so"),
        "busy": Case("/busy", 429, "GET /busy", errors["busy"], "later"),
        "broken": Case("/broken", 500, "GET /broken", "ZeroDivisionError", "division by zero"),
        "refused": Case("/refused", 500, "GET /refused"),
        "handled": Case("/handled", 503, "GET /handled", "OutOfStock", "none left"),
        "harmless": Case("/harmless", 200, "GET /harmless"),
        "moved": Case("/moved", 302, "GET /moved"),
        "mounted": Case(f"/shop/carts/{IN_PATH}", 200, "GET /shop/carts/{cart}"),
        "mounted_missing": Case(
            f"/shop/carts/{IN_PATH}/lines", 404, "GET /shop/carts/{cart}/lines", errors["missing"], "no lines"
        ),
        "nowhere": Case(f"/nowhere/{IN_PATH}", 404, None, errors["nowhere"]),
    }
    found.update(others)
    return tuple(case for case in found.values() if case is not None)


class OutOfStock(Exception):
    """What the applications make an answer 503 of."""


class Harmless(Exception):
    """What the applications make an answer 200 of."""
