"""The page and its data as one HTML file, which needs no server and asks for nothing.

The page's modules are put into one script, its style and the data beside it. The file's own policy allows that script
and that style, known by their hashes, and no request to anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from lambda_tracer.local.receive.json_value import TOO_DEEP
from lambda_tracer.local.view.page_files import FOLDER

FIRST_MODULE = "main.js"

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.MULTILINE)
_ANY_EXPORT_OR_IMPORT = re.compile(r"^(?:import|export)\b", re.MULTILINE)

_STYLE = '<link rel="stylesheet" href="/app/style.css">'
_SCRIPT = '<script type="module" src="/app/main.js"></script>'


def single_file(data: dict[str, Any]) -> str:
    """The HTML of a page that shows `data`: `{"traces": [summary...], "details": {trace id: details}}`.

    Both are as the server's API has them. The page is the same as that of the server; what needs a server, it leaves
    out. Whatever texts are in the data, they stay data.
    """
    style = (FOLDER / "style.css").read_text(encoding="utf-8")
    script = bundle()
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    page = _replace(page, '<meta charset="utf-8">', f'<meta charset="utf-8">\n{head}')
    page = _replace(page, _STYLE, f"<style>{style}</style>")
    inside = f'<script type="application/json" id="data">{_data(data)}</script>\n<script>{script}</script>'
    return _replace(page, _SCRIPT, inside)


def bundle() -> str:
    """The page's modules as one script: each a function of its own, after those that it imports."""
    parts = ['"use strict";']
    for name, source in _in_order():
        body = _IMPORT.sub(lambda match: f"const {{{_renamed(match[1])}}} = {_variable(match[2])};", source)
        exported = _EXPORT.findall(body)
        body = _EXPORT.sub("", body)
        if _ANY_EXPORT_OR_IMPORT.search(body):
            raise ValueError(f"{name} imports or exports in a form that can't be put into one script")
        parts.append(
            f"const {_variable(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();"
        )
    script = "\n".join(parts)
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("the script would end in the middle of itself")
    return script


def _in_order() -> Iterator[tuple[str, str]]:
    """Names and sources of the modules, each after what it imports."""
    done: set[str] = set()
    waiting = [FIRST_MODULE]
    while waiting:
        name = waiting[-1]
        source = (FOLDER / name).read_text(encoding="utf-8")
        missing = [match[2] for match in _IMPORT.finditer(source) if match[2] not in done]
        if set(missing) & set(waiting):
            raise ValueError(f"{name} imports in a circle")
        if missing:
            waiting += missing[:1]
            continue
        waiting.pop()
        done.add(name)
        yield name, source


def _variable(module: str) -> str:
    return "module_" + module.removesuffix(".js")


def _renamed(names: str) -> str:
    return names.replace(" as ", ": ")


def _data(data: dict[str, Any]) -> str:
    """JSON that ends no script and holds nothing but ASCII."""
    try:
        text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        text = json.dumps(_plain(data), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


MAX_LEVELS = 200
"""Of lists and objects in each other, in a file; what is below is left out, and a word says so."""


def _plain(value: Any, level: int = 0) -> Any:
    """What JSON can hold: numbers it has not are texts."""
    if isinstance(value, (dict, list)) and level == MAX_LEVELS:
        return TOO_DEEP
    if isinstance(value, dict):
        return {str(key): _plain(each, level + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, level + 1) for each in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _replace(page: str, old: str, new: str) -> str:
    if page.count(old) != 1:
        raise ValueError(f"index.html has not one {old}")
    return page.replace(old, new)
