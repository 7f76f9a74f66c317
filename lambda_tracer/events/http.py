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
from .facts import MAX_KEYS, Facts, mapping, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import services
else:
    services = Late("lambda_tracer.events.services")  # for what only resembles a request

MAX_HEADERS = 500

_JSON = (dict, list, tuple, str, int, float, type(None))
"""What Lambda's runtime makes JSON of."""


def read(event: dict[str, Any], facts: Facts) -> bool:
    """Put what the event of an HTTP request says into `facts`; False for what is none."""
    context = mapping(event.get("requestContext"))
    if context is None:
        return _read_lattice_1(event, facts) or _read_rest(event, {}, facts)
    if "methodArn" in event or "routeArn" in event or "authorizationToken" in event:
        return can_load(services) and services.read(event, facts)
    http = mapping(context.get("http"))
    if http is not None:
        return _read_version_2(event, context, http, facts)
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
            return _status(value)
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


def _read_version_2(
    event: dict[str, Any], context: dict[str, Any], http: dict[str, Any], facts: Facts
) -> bool:
    """An HTTP API with payload 2.0, or a function URL, which has the same."""
    host = text(context.get("domainName"))
    annotations = facts.annotations
    if host is not None and ".lambda-url." in host:
        annotations["Trigger"] = "function_url"
    else:
        annotations["Trigger"] = "api"
        source = text(context.get("apiId"))
        if source is not None:
            annotations["Source"] = source
        route = text(event.get("routeKey"))
        if route is not None and route != "$default":
            annotations["Route"] = route
    facts.implied_status = 200
    facts.request = _request(http.get("method"), host, http.get("path") or event.get("rawPath"))
    _add_client(facts, http.get("userAgent"), http.get("sourceIp"))
    return True


def _read_rest(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    """A REST API, or an HTTP API with payload 1.0."""
    method = text(context.get("httpMethod")) or text(event.get("httpMethod"))
    if method is None or type(event.get("path")) is not str or "actionGroup" in event:
        return False
    annotations = facts.annotations
    annotations["Trigger"] = "api"
    source = text(context.get("apiId"))
    if source is not None:
        annotations["Source"] = source
    template = text(event.get("resource"))
    if template is not None and template[0] == "/":
        annotations["Route"] = f"{method} {template}"
    # With the stage or the custom domain's base path, as the client wrote it.
    path = context.get("path")
    path = path if type(path) is str and path else event["path"]
    facts.request = _request(method, text(context.get("domainName")), path)
    identity = context.get("identity")
    if type(identity) is dict:
        identity = mapping(identity)
        if identity is not None:
            _add_client(facts, identity.get("userAgent"), identity.get("sourceIp"))
    return True


def _read_websocket(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    annotations = facts.annotations
    annotations["Trigger"] = "websocket"
    source, route = text(context.get("apiId")), text(context.get("routeKey"))
    if source is not None:
        annotations["Source"] = source
    if route is not None:
        annotations["Route"] = route
    stage = text(context.get("stage"))
    host = text(context.get("domainName"))
    # A WebSocket's handshake is a GET; messages have no method.
    method = "GET" if context["eventType"] == "CONNECT" else None
    facts.request = _request(method, host, f"/{stage}" if host and stage else None, "wss")
    identity = mapping(context.get("identity"))
    if identity is not None:
        _add_client(facts, identity.get("userAgent"), identity.get("sourceIp"))
    return True


def _read_balancer(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    from .arn import short_name

    facts.annotations["Trigger"] = "alb"
    balancer = mapping(context["elb"])
    group = short_name(balancer.get("targetGroupArn")) if balancer is not None else None
    if group is not None:
        facts.annotations["Source"] = group.partition("/")[0]
    headers = _headers(event)
    scheme = "http" if headers("x-forwarded-proto") == "http" else "https"
    facts.request = _request(event.get("httpMethod"), headers("host"), event.get("path"), scheme)
    # The last one is what the load balancer itself has added; those before it are what the client wrote.
    client = (headers("x-forwarded-for") or "").rpartition(",")[2].strip()
    _add_client(facts, headers("user-agent"), client)
    facts.is_forwarded = True
    return True


def _read_lattice_2(event: dict[str, Any], context: dict[str, Any], facts: Facts) -> bool:
    from .arn import short_name

    facts.annotations["Trigger"] = "lattice"
    source = short_name(context["serviceArn"])
    if source is not None:
        facts.annotations["Source"] = source
    headers = _headers(event)
    facts.request = _request(event.get("method"), headers("host"), event.get("path"))
    _add_client(facts, headers("user-agent"), None)
    return True


def _read_lattice_1(event: dict[str, Any], facts: Facts) -> bool:
    if type(event.get("raw_path")) is not str or type(event.get("method")) is not str:
        return False
    facts.annotations["Trigger"] = "lattice"
    headers = _headers(event)
    facts.request = _request(event["method"], headers("host"), event["raw_path"])
    _add_client(facts, headers("user-agent"), None)
    return True


def _request(method: object, host: str | None, path: object, scheme: str = "https") -> dict[str, Any]:
    """X-Ray's block, as far as it is known. The URL has no credentials, no query and no fragment."""
    request: dict[str, Any] = {}
    if type(method) is str and method:
        request["method"] = method
    path = path if type(path) is str else ""
    if "?" in path or "#" in path:
        path = path.partition("?")[0].partition("#")[0]
    if host is not None:
        if "@" in host or "/" in host or "?" in host:  # of a header, in which a client writes what it likes
            host = host.rpartition("@")[2].partition("/")[0].partition("?")[0]
        request["url"] = f"{scheme}://{host}{path}"
    elif path:
        request["url"] = path
    return request


def _add_client(facts: Facts, user_agent: object, address: object) -> None:
    if type(user_agent) is str and user_agent and facts.request is not None:
        facts.request["user_agent"] = user_agent
    if type(address) is str and address:
        facts.client_ip = address


class _headers:
    """Looks up headers whose names are written in small letters, in either of the ways in which an event has them."""

    __slots__ = ("_many", "_one")

    def __init__(self, event: dict[str, Any]) -> None:
        self._one = mapping(event.get("headers"), MAX_HEADERS) or {}
        self._many = mapping(event.get("multiValueHeaders"), MAX_HEADERS) or {}

    def __call__(self, name: str) -> str | None:
        value = self._one.get(name) or self._many.get(name)
        return text(value[0] if type(value) is list and value else value)
