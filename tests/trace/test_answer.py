"""The status that an exception stands for, in the ways in which frameworks say it."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from lambda_tracer.trace.answer import status_of


class OfInstance(Exception):
    def __init__(self, **attributes: Any) -> None:
        super().__init__()
        self.__dict__.update(attributes)


class OfClass(Exception):
    status_code = 404


class Below(OfClass): ...


class Status(enum.IntEnum):
    CONFLICT = 409


def of_package(package: str, name: str, **members: Any) -> BaseException:
    """An exception as if that package had made it."""
    made: type[BaseException] = type(name, (Exception,), {"__module__": f"{package}.errors", **members})
    return type(f"My{name}", (made,), {"__module__": "app"})()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OfInstance(status_code=404), 404),
        (OfInstance(statusCode=429), 429),
        (OfInstance(status_code=Status.CONFLICT), 409),
        (OfInstance(status_code=500), 500),
        (OfClass(), 404),
        (Below(), 404),
        (of_package("chalice", "NotFoundError", STATUS_CODE=404), 404),
        (of_package("werkzeug", "NotFound", code=404), 404),
        (of_package("django", "Http404"), 404),
        (of_package("django", "PermissionDenied"), 403),
        (of_package("django", "SuspiciousOperation"), 400),
        (OfInstance(), None),
        (OfInstance(code=404), None),
        (OfInstance(status_code="404"), None),
        (OfInstance(status_code=True), None),
        (OfInstance(status_code=99), None),
        (OfInstance(status_code=2**70), None),
        (of_package("django", "Other"), None),
        (of_package("shop", "Http404"), None),
        (ValueError("404"), None),
        (SystemExit(404), None),
        (KeyError(404), None),
    ],
)
def test_a_status_is_found_where_there_is_one(error: BaseException, status: int | None) -> None:
    assert status_of(error) == status


def test_the_instance_speaks_before_its_class() -> None:
    error = OfClass()
    error.status_code = 410

    assert status_of(error) == 410


@pytest.mark.parametrize(
    ("module", "name", "arguments", "status"),
    [
        ("aws_lambda_powertools.event_handler.exceptions", "NotFoundError", ("no such item",), 404),
        ("aws_lambda_powertools.event_handler.exceptions", "ServiceError", (503, "down"), 503),
        ("starlette.exceptions", "HTTPException", (404,), 404),
        ("fastapi", "HTTPException", (422,), 422),
        ("werkzeug.exceptions", "NotFound", (), 404),
        ("werkzeug.exceptions", "TooManyRequests", (), 429),
        ("django.http", "Http404", (), 404),
        ("django.core.exceptions", "PermissionDenied", (), 403),
        ("chalice", "NotFoundError", ("no such item",), 404),
        ("chalice", "TooManyRequestsError", (), 429),
        ("bottle", "HTTPError", (404, "no such item"), None),
        ("aiohttp.web", "HTTPNotFound", (), 404),
    ],
)
def test_those_of_frameworks_are_known(
    module: str, name: str, arguments: tuple[Any, ...], status: int | None
) -> None:
    """Bottle keeps its own in an attribute with an underscore."""
    made = getattr(pytest.importorskip(module), name)(*arguments)

    assert status_of(made) == status


def test_nothing_of_an_exception_is_run() -> None:
    class Refusing(Exception):
        @property
        def __dict__(self) -> Any:  # type: ignore[override]
            raise AssertionError("asked")

        @property
        def status_code(self) -> int:
            raise AssertionError("asked")

        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

    assert status_of(Refusing()) is None
