"""An HTTP request in an event, and the status of the answer: API Gateway, function URLs, ALB, VPC Lattice.

Events:
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html
"""

from __future__ import annotations

from ..guard import Late, can_load
from .facts import MAX_KEYS, MAX_TEXT, Facts, mapping, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import services
else:
    services = Late("lambda_tracer.events.services")  # for what only resembles a request

MAX_HEADERS = 500

_WHATEVER = " /{proxy+}"
"""The end of a route that every path has: like `$default`, it is no template."""

_JSON = (dict, list, tuple, str, int, float, type(None))
"""What Lambda's runtime makes JSON of."""


def read(event: dict[str, Any], facts: Facts) -> bool:
    """Put what the event of an HTTP request says into `facts`; False for what is none."""
    context = event.get("requestContext")
    if type(context) is not dict:
        return _read_lattice_1(event, facts) or _read_rest(event, {}, facts)
    if "type" in event and ("methodArn" in event or "routeArn" in event):
        return can_load(services) and services.read(event, facts)
    http = context.get("http")
    if type(http) is dict:
        return _read_version_2(event, context, http, facts)
    if "httpMethod" in context:
        return _read_rest(event, context, facts)
    if "elb" in context:
        return _read_balancer(event, context, facts)
    if "connectionId" in context and "eventType" in context:
        return _read_websocket(event, context, facts)
    if "serviceArn" in context:
        return _read_lattice_2(event, context, facts)
    return _read_rest(event, context, facts)


def status_of(answer: object, implied: int | None) -> int | None:
    """The status that what a handler returned stands for; None where it does not say, and AWS makes up its own.

    `implied` is that of an answer without `statusCode`: 200 where the payload has version 2.0. The other integrations
    answer 502 or 500 in the place of such a one, which is not the function's status.
    """
    kind = type(answer)
    if not issubclass(kind, dict):
        return implied if issubclass(kind, _JSON) else None
    fields: dict[Any, Any] = answer  # type: ignore[assignment]
    if dict.__len__(fields) > MAX_KEYS:
        return None
    for key, value in dict.items(fields):
        if type(key) is str and key == "statusCode":
            return value if type(value) is int and 100 <= value <= 599 else _status(value)
    return implied


def _status(value: object) -> int | None:
    kind = type(value)
    if issubclass(kind, int) and kind is not bool:  # of an enumeration, perhaps
        number = int.__int__(value)  # type: ignore[arg-type]
    elif kind is str and len(value) == 3 and value.isascii() and value.isdigit():  # type: ignore[arg-type,attr-defined]
        number = int(value)  # type: ignore[call-overload]
    else:
        return None
    return number if 100 <= number <= 599 else None


# The two that most functions have are written out: a helper's call would be a tenth of what they take.


def _read_version_2(
    event: dict[str, Any], context: dict[str, Any], http: dict[str, Any], facts: Facts
) -> bool:
    """An HTTP API with payload 2.0, or a function URL, which has the same."""
    host = context.get("domainName")
    if type(host) is str and ".lambda-url." in host:
        facts.annotations = {"Trigger": "function_url"}
    else:
        annotations = facts.annotations
        annotations["Trigger"] = "api"
        source, route = context.get("apiId"), event.get("routeKey")
        if type(source) is str:
            annotations["Source"] = source[:MAX_TEXT]
        if type(route) is str and route != "$default" and route[-len(_WHATEVER) :] != _WHATEVER:
            annotations["Route"] = route[:MAX_TEXT]
    facts.implied_status = 200
    method, path, user_agent = http.get("method"), http.get("path"), http.get("userAgent")
    if type(path) is not str:
        path = event.get("rawPath")
    facts.request = request = {"method": method} if type(method) is str else {}
    url = _url(host, path) if type(path) is str else None
    if url is not None:
        request["url"] = url
    if type(user_agent) is str:
        request["user_agent"] = user_agent
    facts.client_ip = http.get("sourceIp")
    return True


def _read_rest(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    """A REST API, or an HTTP API with payload 1.0."""
    method, path = event.get("httpMethod"), event.get("path")
    if type(method) is not str or type(path) is not str or "actionGroup" in event:
        return False
    annotations = facts.annotations
    annotations["Trigger"] = "api"
    source, template = context.get("apiId"), event.get("resource")
    if type(source) is str:
        annotations["Source"] = source[:MAX_TEXT]
    if type(template) is str and template[:1] == "/" and template != "/{proxy+}":
        annotations["Route"] = f"{method} {template[:MAX_TEXT]}"
    # With the stage or the custom domain's base path, as the client wrote it.
    whole = context.get("path")
    url = _url(context.get("domainName"), whole if type(whole) is str else path)
    facts.request = request = {"method": method, "url": url}
    identity = context.get("identity")
    if type(identity) is dict:
        user_agent = identity.get("userAgent")
        if type(user_agent) is str:
            request["user_agent"] = user_agent
        facts.client_ip = identity.get("sourceIp")
    return True


def _url(host: object, path: str, scheme: str = "https") -> str:
    """A URL without query, fragment, parameters and credentials; a path alone where no host is known."""
    if "?" in path or "#" in path:
        path = path.partition("?")[0].partition("#")[0]
    if ";" in path:
        path = "/".join([part.partition(";")[0] for part in path.split("/")])
    if "@" in path and "//" in path:  # a whole URL, as proxies are asked for one
        path = "/" + path.rpartition("@")[2].partition("/")[2]
    if type(host) is not str or not host.isascii() or not host.isprintable():
        return path
    return f"{scheme}://{host.rpartition('@')[2]}{path}"


def _read_websocket(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    _name(facts, context, context.get("routeKey"), "websocket")
    stage = context.get("stage")
    # The handshake is a GET; messages have no method.
    method = "GET" if text(context["eventType"]) == "CONNECT" else None
    identity = mapping(context.get("identity")) or {}
    path = f"/{stage}" if type(stage) is str else None
    agent = identity.get("userAgent")
    _ask(facts, method, context.get("domainName"), path, agent, identity.get("sourceIp"), "wss")
    return True


def _read_balancer(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    from .arn import short_name

    facts.annotations["Trigger"] = "alb"
    group = short_name((mapping(context["elb"]) or {}).get("targetGroupArn"))
    if group is not None:
        facts.annotations["Source"] = group.partition("/")[0][:MAX_TEXT]
    header = _Headers(event)
    scheme = "http" if header("x-forwarded-proto") == "http" else "https"
    # The last one is what the load balancer itself has added; those before it are what the client wrote.
    client = (header("x-forwarded-for") or "").rpartition(",")[2].strip()
    method, path = event.get("httpMethod"), event.get("path")
    _ask(facts, method, _host(header), path, header("user-agent"), client, scheme)
    facts.is_forwarded = True
    return True


def _read_lattice_2(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    from .arn import short_name

    facts.annotations["Trigger"] = "lattice"
    source = short_name(context["serviceArn"])
    if source is not None:
        facts.annotations["Source"] = source[:MAX_TEXT]
    header = _Headers(event)
    _ask(facts, event.get("method"), _host(header), event.get("path"), header("user-agent"), None)
    return True


def _read_lattice_1(event: dict[str, Any], facts: Facts) -> bool:
    if type(event.get("raw_path")) is not str or type(event.get("method")) is not str:
        return False
    facts.annotations["Trigger"] = "lattice"
    header = _Headers(event)
    _ask(facts, event["method"], _host(header), event["raw_path"], header("user-agent"), None)
    return True


def _name(facts: Facts, context: dict[str, Any], route: object, trigger: str = "api") -> None:
    """The annotations of an API."""
    annotations = facts.annotations
    annotations["Trigger"] = trigger
    source = context.get("apiId")
    if type(source) is str:
        annotations["Source"] = source[:MAX_TEXT]
    if type(route) is str:
        annotations["Route"] = route[:MAX_TEXT]


def _ask(
    facts: Facts,
    method: object,
    host: object,
    path: object,
    user_agent: object,
    address: object,
    scheme: str = "https",
) -> None:
    """X-Ray's block of the request, as far as it is known."""
    request: dict[str, Any] = {}
    if type(method) is str:
        request["method"] = method
    url = _url(host, path if type(path) is str else "", scheme)
    if url:
        request["url"] = url
    if type(user_agent) is str:
        request["user_agent"] = user_agent
    facts.request = request
    facts.client_ip = address


def _host(header: _Headers) -> str | None:
    """The host that a client wrote into a header, where it may write whatever it likes."""
    host = header("host")
    if host is None:
        return None
    return host.rpartition("@")[2].partition("/")[0].partition("?")[0].partition("#")[0]


class _Headers:
    """Looks up headers whose names are written in small letters, in either of the ways in which an event has them."""

    __slots__ = ("_many", "_one")

    def __init__(self, event: dict[str, Any]) -> None:
        self._one = mapping(event.get("headers"), MAX_HEADERS) or {}
        self._many = mapping(event.get("multiValueHeaders"), MAX_HEADERS) or {}

    def __call__(self, name: str) -> str | None:
        value = self._one.get(name)
        if value is None:
            value = self._many.get(name)
        return text(value[0] if type(value) is list and value else value)
