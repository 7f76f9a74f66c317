"""Django as WSGI application on apig-wsgi, and as ASGI application on Mangum, with views of both kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apig_wsgi
import django
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.test import override_settings
from django.urls import include, path, re_path
from mangum import Mangum

from tests.patches.web import events
from tests.patches.web.case import IN_PATH, Application, Case, Harmless, OutOfStock, cases

SETTINGS: dict[str, Any] = {
    "ROOT_URLCONF": __name__,
    "ALLOWED_HOSTS": [events.HOST],
    "SECRET_KEY": "none",
    "MIDDLEWARE": [f"{__name__}.early", f"{__name__}.Handling", "django.middleware.common.CommonMiddleware"],
    "LOGGING_CONFIG": None,
    "DEBUG": False,
}


def item(request: HttpRequest, name: str) -> HttpResponse:
    return JsonResponse({"name": name})


async def parts(request: HttpRequest, name: str) -> HttpResponse:
    raise Http404("no parts")


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("who are you")


async def invalid(request: HttpRequest) -> HttpResponse:
    raise BadRequest("not so")


async def busy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("later", status=429)


def broken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(1 / 0))


async def broken_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(1 / 0))


def refused(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sorry", status=500)


def handled(request: HttpRequest) -> HttpResponse:
    raise OutOfStock("none left")


async def harmless(request: HttpRequest) -> HttpResponse:
    raise Harmless


def moved(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/denied")


def lines(request: HttpRequest, cart: str) -> HttpResponse:
    raise Http404("no lines")


def cart(request: HttpRequest, cart: str) -> HttpResponse:
    return JsonResponse({"cart": cart})


shop = [
    path("carts/<slug:cart>", cart),
    re_path(r"^carts/(?P<cart>[a-z0-9-]+(?:\.x)?)/lines$", lines),
]
urlpatterns = [
    path("items/<name>", item),
    re_path(r"^items/(?P<name>[\w()-]{2,40})/parts/?$", parts),
    path("denied", denied),
    path("invalid", invalid),
    path("busy", busy),
    path("broken", broken),
    path("broken-async", broken_async),
    path("refused", refused),
    path("handled", handled),
    path("harmless", harmless),
    path("moved", moved),
    path("early", item),
    path("shop/", include(shop)),
]


def early(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path == "/early":
            raise PermissionError("too early")
        return get_response(request)

    return middleware


class Handling:
    """A middleware that makes answers of exceptions."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OutOfStock):
            return JsonResponse({"error": str(error)}, status=503)
        if isinstance(error, Harmless):
            return JsonResponse({"fine": True})
        return None


def with_settings(make: Callable[[], Any]) -> Callable[[], Any]:
    def handler() -> Any:
        if not settings.configured:
            settings.configure(SECRET_KEY="none")
        with override_settings(**SETTINGS):
            django.setup()
            application = make()

        def lambda_handler(event: Any, context: Any) -> Any:
            with override_settings(**SETTINGS):
                return application(event, context)

        return lambda_handler

    return handler


CASES = cases(
    {
        "denied": "PermissionDenied",
        "missing": "Http404",
        "invalid": "BadRequest",
        "busy": "",
        "nowhere": "Resolver404",
    },
    denied=Case("/denied", 403, "GET /denied", "PermissionDenied", "who are you"),
    missing=Case(f"/items/{IN_PATH}/parts", 404, "GET /items/{name}/parts/", "Http404", "no parts"),
    invalid=Case("/invalid", 400, "GET /invalid", "BadRequest", "not so"),
    busy=Case("/busy", 429, "GET /busy"),
    broken_async=Case("/broken-async", 500, "GET /broken-async", "ZeroDivisionError", "division by zero"),
    early=Case("/early", 500, None, "PermissionError", "too early"),
)

APPLICATIONS = [
    Application(
        "Django on apig-wsgi",
        with_settings(lambda: apig_wsgi.make_lambda_handler(WSGIHandler())),
        events.http,
        CASES,
    ),
    Application(
        "Django on Mangum", with_settings(lambda: Mangum(ASGIHandler(), lifespan="off")), events.http, CASES
    ),
]
