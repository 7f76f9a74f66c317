"""The search for subsegments by name and annotations, and what is said where not exactly one is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Protocol, TypeVar

from .tree import indented

MAX_SUGGESTED = 5


class Searched(Protocol):
    """What can be looked for."""

    @property
    def name(self) -> str:
        """Its name as it was sent."""

    @property
    def annotations(self) -> Mapping[str, Any]:
        """What it is annotated with."""


S = TypeVar("S", bound=Searched)

Wanted = str | re.Pattern[str] | Callable[[S], object] | None
"""An exact name, a pattern that is searched in it, a question that is asked of each; None takes all."""


def found(among: Iterable[S], wanted: Wanted[S], annotations: Mapping[str, Any]) -> list[S]:
    """Those of the wanted name with these annotations; `...` stands for any value, a pattern is searched in a text.

    TypeError for a name that is none.
    """
    __tracebackhide__ = True
    if not (wanted is None or isinstance(wanted, (str, re.Pattern)) or callable(wanted)):
        raise TypeError(f"a name is a text, a pattern or a function, not {type(wanted).__name__}")
    return [each for each in among if _is(each, wanted) and _has(each.annotations, annotations)]


def only(
    among: Iterable[S], wanted: Wanted[S], annotations: Mapping[str, Any], shown: Callable[[], str]
) -> S:
    """The one that is wanted; AssertionError with what is `shown`, and names that are near, where there is not one."""
    __tracebackhide__ = True
    candidates = list(among)
    matching = found(candidates, wanted, annotations)
    if len(matching) == 1:
        return matching[0]
    described = _described(wanted, annotations)
    if matching:
        lines = [f"{len(matching)} subsegments{described}, where one is wanted"]
    else:
        lines = [f"no subsegment{described}", *_near(candidates, wanted, annotations)]
    raise AssertionError("\n".join([*lines, *indented(shown())]))


def _is(searched: S, wanted: Wanted[S]) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return searched.name == wanted
    if isinstance(wanted, re.Pattern):
        return wanted.search(searched.name) is not None
    return bool(wanted(searched))


def _has(annotations: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(key in annotations and _is_value(annotations[key], value) for key, value in wanted.items())


def _is_value(value: object, wanted: object) -> bool:
    if wanted is ...:
        return True
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and wanted.search(value) is not None
    return bool(wanted == value)


def _described(wanted: object, annotations: Mapping[str, Any]) -> str:
    if wanted is None:
        text = ""
    elif isinstance(wanted, str):
        text = f" named {wanted!r}"
    elif isinstance(wanted, re.Pattern):
        text = f" with a name that matches {wanted.pattern!r}"
    else:
        text = f" that {getattr(wanted, '__name__', wanted)} takes"
    if not annotations:
        return text
    shown = ", ".join(
        key if value is ... else f"{key}={value.pattern if isinstance(value, re.Pattern) else value!r}"
        for key, value in annotations.items()
    )
    return f"{text} with the annotation{'s' if len(annotations) > 1 else ''} {shown}"


def _near(candidates: list[S], wanted: Wanted[S], annotations: Mapping[str, Any]) -> list[str]:
    named = found(candidates, wanted, {}) if wanted is not None else []
    if named and annotations:
        return [f"{each.name} has {dict(each.annotations)!r}" for each in named[:MAX_SUGGESTED]]
    if not isinstance(wanted, str):
        return []
    names = list(dict.fromkeys(each.name for each in candidates))
    plain = {name.removeprefix("## ").casefold(): name for name in names}
    text = wanted.removeprefix("## ").casefold()
    near = [name for key, name in plain.items() if text and (text in key or key in text)]
    near += [plain[key] for key in get_close_matches(text, plain, MAX_SUGGESTED)]
    shown = [repr(name) for name in dict.fromkeys(near)][:MAX_SUGGESTED]
    return [f"did you mean {' or '.join(shown)}?"] if shown else []
