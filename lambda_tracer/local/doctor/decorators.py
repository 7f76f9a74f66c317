"""The order of decorators: what is lost by one that stands above, or below, where it should.

What is lost was found by running each order: what stands above a captured handler runs outside of its subsegment.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .finding import Finding
from .source import Decorated, Source

HANDLER = "capture_lambda_handler"
METHODS = ("capture_method", "capture_record", "capture_sqs_record")

_EVENT_DECORATORS = {"event_source", "event_parser", "validator"}
_ROUTES = frozenset(
    ("get", "post", "put", "delete", "patch", "head", "options", "trace", "route", "websocket")
)
_REGISTERING = frozenset(
    (
        *(
            "exception_handler",
            "errorhandler",
            "not_found",
            "resolver",
            "middleware",
            "on_event",
            "on_publish",
        ),
        *(
            "on_subscribe",
            "batch_resolver",
            "tool",
            "before_request",
            "after_request",
            "lambda_function",
            "schedule",
        ),
        *(
            "on_s3_event",
            "on_sns_message",
            "on_sqs_message",
            "on_cw_event",
            "on_kinesis_record",
            "on_dynamodb_record",
        ),
        *(
            "authorizer",
            "on_ws_connect",
            "on_ws_message",
            "on_ws_disconnect",
            "api_route",
            "exception_handlers",
        ),
    )
)
_FRAMEWORKS = (
    "Resolver",
    "Router",
    "FastAPI",
    "Flask",
    "Blueprint",
    "Quart",
    "Chalice",
    "Bottle",
    "Starlette",
)


def captures_handler(node: ast.AST) -> bool:
    """Is it `@tracer.capture_lambda_handler`, called or not?"""
    return _attribute(node) == HANDLER


def middlewares(sources: list[Source]) -> set[str]:
    """The names of the middlewares that the files make with Powertools' `lambda_handler_decorator`."""
    return {
        node.name
        for source in sources
        for node in source.decorated
        if any(source.origin(each).endswith(".lambda_handler_decorator") for each in node.decorator_list)
    }


def findings(source: Source, middlewares: set[str]) -> Iterator[Finding]:
    """What is said of the decorators in a file."""
    for node in source.decorated:
        names = [_attribute(each) for each in node.decorator_list]
        if isinstance(node, ast.ClassDef):
            yield from _class(source, node, names)
            continue
        if HANDLER in names:
            yield from _handler(source, node, names, middlewares)
        captured = next((names.index(name) for name in (*METHODS, HANDLER) if name in names), None)
        if captured is not None:
            yield from _above_route(source, node, captured)


def _handler(source: Source, node: Decorated, names: list[str], middlewares: set[str]) -> Iterator[Finding]:
    if names.count(HANDLER) > 1:
        yield Finding(
            "handler-captured-twice",
            f"{node.name} is decorated with {HANDLER} {names.count(HANDLER)} times: the trace has it as often.",
            "Keep the topmost one.",
            source.path,
            node.decorator_list[names.index(HANDLER)].lineno,
        )
    for decorator in node.decorator_list[: names.index(HANDLER)]:
        origin = source.origin(decorator)
        name = origin.rpartition(".")[2]
        is_theirs = origin.startswith("aws_lambda_powertools.")
        remedy = f"Move @{HANDLER} above it: it belongs at the top."
        if is_theirs and name in _EVENT_DECORATORS:
            what = (
                f"@{name} stands above @{HANDLER} of {node.name}: an event that it refuses leaves no subsegment, and "
                "what triggered the invocation is not recorded."
                if name != "event_source"
                else f"@{name} stands above @{HANDLER} of {node.name}: what triggered the invocation, the HTTP request "
                "and its status are not recorded."
            )
            yield Finding("below-event-decorator", what, remedy, source.path, decorator.lineno)
        elif is_theirs and name == "idempotent":
            what = (
                f"@{name} stands above @{HANDLER} of {node.name}: a repeated invocation, answered from the store, "
                "leaves no subsegment, nor does a failure of the store."
            )
            yield Finding("below-idempotent", what, remedy, source.path, decorator.lineno)
        elif name in middlewares:
            what = (
                f"The middleware @{name} stands above @{HANDLER} of {node.name}: what it calls is recorded beside the "
                "handler's subsegment, and an exception of its own is not recorded."
            )
            yield Finding("below-middleware", what, remedy, source.path, decorator.lineno)


def _above_route(source: Source, node: Decorated, captured: int) -> Iterator[Finding]:
    """A framework's decorator keeps the function that it is given: what is put around it later, it never calls."""
    for decorator in node.decorator_list[captured + 1 :]:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            continue
        name = decorator.func.attr
        if name not in _ROUTES and name not in _REGISTERING:
            continue
        maker = source.maker(decorator).rpartition(".")[2]
        is_framework = maker.endswith(_FRAMEWORKS)
        first = decorator.args[0] if decorator.args else None
        is_path = isinstance(first, ast.Constant) and str(first.value).startswith("/")
        if is_framework or (not maker and name in _ROUTES and is_path):
            mine = _attribute(node.decorator_list[captured])
            yield Finding(
                "above-route",
                f"@{mine} stands above @{ast.unparse(decorator.func)} of {node.name}: the framework calls the function "
                "below it, and no subsegment is recorded.",
                f"Move @{mine} below it, next to the function.",
                source.path,
                node.decorator_list[captured].lineno,
            )
            return


def _class(source: Source, node: Decorated, names: list[str]) -> Iterator[Finding]:
    for name, decorator in zip(names, node.decorator_list, strict=True):
        if name in METHODS:
            yield Finding(
                "captured-class",
                f"@{name} decorates the class {node.name}, which becomes a function: isinstance and subclasses break.",
                "Decorate its methods.",
                source.path,
                decorator.lineno,
            )


def _attribute(node: ast.AST) -> str:
    """The last name of a decorator: `capture_method` of `@tracer.capture_method(...)`."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
