"""Requirement: one that names the X-Ray SDK or Powertools, and what stands in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

OURS = "lambda-tracer"

_SDK = r"aws[-_.]+xray[-_.]+sdk"
_POWERTOOLS = r"aws[-_.]+lambda[-_.]+powertools"
_REQUIREMENT = re.compile(
    rf"(?P<name>{_SDK}|{_POWERTOOLS})(?P<extras>\s*\[[^\]]*\])?(?P<specifier>\s*(?:[=<>!~][^;#@]*?|\([^)]*\))?)"
    r"(?P<marker>\s*(?:;[^#]*?)?)",
    re.IGNORECASE,
)
NAMED = re.compile(rf"{_SDK}|{_POWERTOOLS}".encode(), re.IGNORECASE)
"""The X-Ray SDK's name or Powertools', in any spelling."""

SDK_NAMED = re.compile(_SDK.encode(), re.IGNORECASE)

NAMED_ALONE = re.compile(rf"(?:{_SDK}|{_POWERTOOLS})(?![\w.-])", re.IGNORECASE)
"""... and no more than the name of a distribution."""

_NAME_OURS = re.compile(r"lambda[-_.]+tracer", re.IGNORECASE)


@dataclass
class Needs:
    """What the files need that a list of requirements is for."""

    ours: bool
    sdk: bool
    powertools: bool


@dataclass
class Outcome:
    """A requirement as it will be; `added` is ours if it has to stand beside it."""

    text: str
    added: str = ""
    note: str = ""


def is_sdk(name: str) -> bool:
    """Is it the X-Ray SDK's name, in any spelling?"""
    return re.fullmatch(_SDK, name, re.IGNORECASE) is not None


def is_powertools(name: str) -> bool:
    """Is it Powertools' name, in any spelling?"""
    return re.fullmatch(_POWERTOOLS, name, re.IGNORECASE) is not None


def is_ours(name: str) -> bool:
    """Is it lambda_tracer's name, in any spelling?"""
    return _NAME_OURS.fullmatch(name) is not None


def decide(text: str, needs: Needs, *, has_ours: bool) -> Outcome | None:
    """What becomes of a requirement in PEP 508's form. None for one that is none of our business."""
    found = _REQUIREMENT.fullmatch(text.strip())
    if found is None:
        return None
    if not needs.ours:
        return Outcome(text)
    ours = "" if has_ours else like(found["specifier"]) + found["marker"]
    if is_sdk(found["name"]):
        if needs.sdk:
            return Outcome(text, ours)
        if has_ours:
            return Outcome(text, note="nothing here needs the X-Ray SDK any more: it may go")
        return Outcome(ours)
    note = "" if needs.powertools else "nothing here imports Powertools any more: it may go"
    extras = extras_of(found["extras"] or "")
    if needs.sdk:
        return Outcome(text, ours)
    if "all" in extras:
        return Outcome(
            text, ours, "the extra [all] still brings the X-Ray SDK: name the extras that are needed"
        )
    if "tracer" in extras:
        kept = [extra for extra in extras if extra != "tracer"]
        written = f"[{','.join(kept)}]" if kept else ""
        start, end = found.span("extras")
        stripped = text.strip()
        return Outcome(stripped[:start] + written + stripped[end:], ours, note)
    return Outcome(text, ours, note)


def extras_of(written: str) -> list[str]:
    """The names in `[a, b]`."""
    return [extra.strip() for extra in written.strip().strip("[]").split(",") if extra.strip()]


def like(specifier: str) -> str:
    """Our requirement, as strict as the one that it follows."""
    known = _version()
    specifier = specifier.strip().lstrip("(")
    if not known or not specifier:
        return OURS
    operator = next((each for each in ("==", "~=") if specifier.startswith(each)), ">=")
    return f"{OURS}{operator}{known}"


def like_poetry(specifier: str) -> str:
    """The version as Poetry and Pipenv write it, as strict as the one that it follows."""
    known = _version()
    specifier = specifier.strip()
    if not known or specifier in ("", "*"):
        return "*"
    operator = next((each for each in ("==", "~=", "^", "~", ">=") if specifier.startswith(each)), "")
    return f"{operator}{known}" if operator or specifier[0].isdigit() else f">={known}"


@cache
def _version() -> str:
    from lambda_tracer import __version__

    return __version__
