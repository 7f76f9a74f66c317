"""LocalRules: the X-Ray SDK's sampling rules in a file or a dict, of version 2 or 1.

https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-python-configuration.html#xray-sdk-python-configuration-sampling
"""

from __future__ import annotations

from ...clock import clock
from .pattern import allows
from .rate import Rate, chance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .request import Decision, Request

DEFAULT: dict[str, Any] = {"version": 2, "default": {"fixed_target": 1, "rate": 0.05}, "rules": []}
"""What the X-Ray SDK does where nobody has given it rules: one a second and 5 % of the rest."""

VERSIONS = (1, 2)


class InvalidRules(ValueError):
    """Sampling rules that can't be read were given. Its text names what is wrong, by the place in the document."""


class LocalRule:
    """One rule: which requests, by patterns, and how many of them. Patterns are None in the default rule."""

    __slots__ = ("host", "method", "path", "rate")

    def __init__(self, host: str | None, method: str | None, path: str | None, rate: Rate) -> None:
        """`host`, `method` and `path`: patterns with `*` and `?`."""
        self.host = host
        self.method = method
        self.path = path
        self.rate = rate

    def applies(self, host: str, method: str, path: str) -> bool:
        """Whether a request is one of the rule's. What is not known of it is an empty text."""
        return allows(self.host, host) and allows(self.method, method) and allows(self.path, path)


class LocalRules:
    """Rules in their order, of which the first that applies decides; the default where none does."""

    def __init__(self, document: Any = DEFAULT) -> None:
        """`document` is what the JSON text says. Raises InvalidRules."""
        if not isinstance(document, dict):
            raise InvalidRules(f"sampling rules must be a dict, not {type(document).__name__}")
        version = document.get("version")
        if version not in VERSIONS:
            raise InvalidRules("version must be 1 or 2")
        host_key = "host" if version == 2 else "service_name"
        if "default" not in document:
            raise InvalidRules("default is missing")
        self.default = read_rule(document["default"], "default", host_key, is_default=True)
        given = document.get("rules", ())
        if not isinstance(given, (list, tuple)):
            raise InvalidRules(f"rules must be a list, not {type(given).__name__}")
        self.rules = [read_rule(rule, f"rules[{at}]", host_key) for at, rule in enumerate(given)]

    def rule_for(self, host: str = "", method: str = "", path: str = "") -> LocalRule:
        """The rule by which such a request is recorded, or not."""
        return next((rule for rule in self.rules if rule.applies(host, method, path)), self.default)

    def decide(
        self, request: Request, now: float | None = None, draw: Callable[[], float] = chance
    ) -> Decision:
        """Whether what is asked for is recorded. Local rules have no names. `now`: epoch seconds."""
        rule = self.rule_for(request.host, request.method, request.path)
        return rule.rate.takes(clock.now() if now is None else now, draw), None


def read_rule(rule: Any, where: str, host_key: str = "host", *, is_default: bool = False) -> LocalRule:
    """One rule of a document; `where` is its place in that. Raises InvalidRules."""
    if not isinstance(rule, dict):
        raise InvalidRules(f"{where} must be a dict, not {type(rule).__name__}")
    per_second, share = (_number(rule.get(key), f"{where}.{key}") for key in ("fixed_target", "rate"))
    patterns = [(key, rule.get(key)) for key in (host_key, "http_method", "url_path")]
    if is_default:
        for key, value in patterns:
            if value:
                raise InvalidRules(f"{where}.{key}: the default rule is for all requests")
        return LocalRule(None, None, None, Rate(per_second, share))
    for key, value in patterns:
        if not isinstance(value, str) or not value:
            raise InvalidRules(f"{where}.{key} is missing, or no text")
    host, method, path = (value for _, value in patterns)
    return LocalRule(host, method, path, Rate(per_second, share))


def read_file(path: Any) -> LocalRules:
    """The rules in a JSON file. Raises OSError, and InvalidRules."""
    import json

    with open(path, encoding="utf-8") as file:
        try:
            document = json.load(file)
        except ValueError as error:
            raise InvalidRules(f"the file with sampling rules is not JSON: {type(error).__name__}") from None
    return LocalRules(document)


def _number(value: Any, where: str) -> float:
    if not isinstance(value, (int, float)) or not value >= 0:
        raise InvalidRules(f"{where} must be a number from 0 on")
    return value
