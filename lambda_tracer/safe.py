"""How any value is named, whatever its own code does: nothing here raises."""

from __future__ import annotations

from .guard import pass_on


def safe_str(value: object) -> str:
    """`str(value)`, or the name of its type when that fails."""
    try:
        return str.__str__(str(value))
    except (
        BaseException
    ) as error:  # the user's __str__ can raise anything; SystemExit must not leave through us
        pass_on(error)
        return type_name(value)


def type_name(value: object) -> str:
    """`<module.Type>`: how a value is shown that is not to be looked into."""
    return name_of(type(value))


def name_of(kind: type) -> str:
    """`<module.Type>` of a type, asked of no metaclass."""
    module, name = type.__dict__["__module__"].__get__(kind), type.__dict__["__qualname__"].__get__(kind)
    return f"<{module}.{name}>" if type(module) is str else f"<{name}>"
