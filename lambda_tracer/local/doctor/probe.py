"""Imports a handler as Lambda's runtime client does, and writes down what came of it.

It is run as a script, in a process of its own: `probe.py REQUEST`, a file with JSON. What is written is JSON, a
line for each stage, to the file that the request names. What the handler does to its own streams can't get into it.
"""

from __future__ import annotations

# The standard library's own, before the function's folder is on the path: a json.py in it is the function's.
import faulthandler
import functools
import gc
import importlib
import json
import logging
import os
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

MAX_LOOKED_AT = 5_000
"""Objects that are looked at to find the capture inside a handler."""

MAX_TEXT = 300


def main(request_path: str) -> None:
    """Do what the request says. Ends the process itself: threads that the handler has left do not keep it."""
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    write = _writer(request["result"])
    stacks = open(request["stacks"], "w", encoding="utf-8")  # noqa: SIM115  # until the process ends
    faulthandler.dump_traceback_later(request["stack_after_s"], file=stacks)
    sys.path[0:1] = request["path"]
    log: list[str] = []
    logging.getLogger("lambda_tracer").addHandler(_Kept(log))
    before = set(sys.modules)
    handler, error = _import(request["handler"], request["own_handler"], request["root"])
    write({"stage": "imported", "error": error})
    if error is None:
        write({"stage": "examined", **_examined(handler, before, log)})
        write({"stage": "libraries", **_libraries(request["libraries"], log)})
    os._exit(0)


def _writer(path: str) -> Callable[[dict[str, Any]], None]:
    def write(line: dict[str, Any]) -> None:
        # Opened each time: the handler may have closed every file.
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    return write


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.messages) < 100:
            self.messages.append(record.getMessage()[:MAX_TEXT])


def _import(name: str, own: str, root: str) -> tuple[Any, dict[str, Any] | None]:
    """The handler, or what is wrong. Names are as in Lambda: `folder/module.function`.

    `own` is the handler in the function's code: another one where ours stands around it, and imports it.
    """
    own_module = own.rpartition(".")[0].replace("/", ".")
    module_name, _, attribute = name.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
        return getattr(module, attribute), None
    except ModuleNotFoundError as exc:
        missing = exc.name or ""
        kind = "no module" if f"{own_module}.".startswith(f"{missing}.") else "missing"
        return None, {**_described(exc, root), "kind": kind, "missing": missing}
    except SystemExit as exc:
        return None, {**_described(exc, root), "kind": "exit"}
    except AttributeError as exc:
        described = _described(exc, root)
        is_handler = described["file"] is None and exc.obj is sys.modules.get(own_module)
        return None, {**described, "kind": "no attribute" if is_handler else "exception"}
    except BaseException as exc:
        return None, {**_described(exc, root), "kind": "exception"}


def _described(error: BaseException, root: str) -> dict[str, Any]:
    """Its type, and the innermost place in the function's own folder."""
    file, line = None, 0
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(root) and "site-packages" not in frame.filename:
            file, line = frame.filename, frame.lineno or 0
    if isinstance(error, SyntaxError) and error.filename:
        file, line = error.filename, error.lineno or 0
    try:
        message = str(error).partition("\n")[0][:MAX_TEXT]
    except BaseException:
        message = ""
    return {"type": type(error).__name__, "message": message, "file": file, "line": line}


def _examined(handler: Any, before: set[str], log: list[str]) -> dict[str, Any]:
    """What the handler is, and what has been imported with it."""
    loaded = set(sys.modules) - before
    registry = sys.modules.get("lambda_tracer.patches.registry")
    return {
        "is_callable": callable(handler),
        "is_captured": _is_captured(handler),
        "loaded": sorted(name for name in loaded if name.count(".") < 3),
        "tracers": _tracers(),
        "used": _used(registry, loaded),
        "both": _both(registry),
        "log": list(log),
    }


def _tracers() -> list[dict[str, Any]]:
    """The Tracers of ours that have been made."""
    module = sys.modules.get("lambda_tracer.tracer")
    if module is None:
        return []
    return [
        {"disabled": bool(each.disabled), "service": str(each.service)}
        for each in gc.get_objects()
        if type(each) is module.Tracer
    ]


def _used(registry: Any, loaded: set[str]) -> list[str]:
    if registry is None:
        return []
    return [name for name, library in registry.LIBRARIES.items() if loaded.intersection(library.modules)]


def _both(registry: Any) -> list[str]:
    """Libraries that the X-Ray SDK has patched and that we have."""
    patcher = sys.modules.get("aws_xray_sdk.core.patcher")
    theirs = getattr(patcher, "_PATCHED_MODULES", ())
    ours = set(registry.registered.values()) if registry is not None else set()
    return sorted(name for name in ours if name in theirs)


def _libraries(names: list[str], log: list[str]) -> dict[str, Any]:
    """Which patches were not taken, also of libraries that the handler imports later: those are imported now."""
    registry = sys.modules.get("lambda_tracer.patches.registry")
    if registry is None:
        return {"unpatchable": {}}
    for name in names:
        library = registry.LIBRARIES.get(name)
        for module in library.modules if library is not None else ():
            if registry.registered.get(module) != name or module in sys.modules:
                continue
            try:
                if find_spec(module.partition(".")[0]) is not None:
                    importlib.import_module(module)
            except BaseException:  # a part of the library that is not installed, or does not load here
                continue
    reasons = dict.fromkeys(registry.unpatchable, "")
    for message in log:
        name, is_it, rest = message.partition(" could not be patched (")
        if is_it and name in reasons:
            reasons[name] = rest.partition("): it works")[0]
    return {"unpatchable": reasons}


def _is_captured(handler: Any) -> bool:
    """Whether a Tracer of ours has decorated it, or what it calls by a global name."""
    module = sys.modules.get("lambda_tracer.capture.handler")
    if module is None:
        return False
    waiting: list[Any] = [handler]
    code = getattr(handler, "__code__", None)
    names = getattr(code, "co_names", ())
    # What a plain handler calls: `def lambda_handler(event, context): return traced(event, context)`.
    waiting += [handler.__globals__[name] for name in names if name in getattr(handler, "__globals__", {})]
    seen: set[int] = set()
    for each in waiting:
        if id(each) in seen or len(seen) > MAX_LOOKED_AT:
            continue
        seen.add(id(each))
        if isinstance(each, module.HandlerCapture):
            return True
        waiting += _inside(each)
    return False


def _inside(value: Any) -> Iterator[Any]:
    """What a decorated function keeps of the function below it."""
    if isinstance(value, functools.partial):
        yield value.func
        yield from value.args
        yield from value.keywords.values()
        return
    if isinstance(value, types.MethodType):
        yield value.__func__
        return
    for cell in (vars(type(value)).get("__closure__") and value.__closure__) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # an empty cell
            continue
    if isinstance(value, types.FunctionType):
        yield from vars(value).values()
        return
    # Objects that stand for a function keep it among their attributes.
    if callable(value) and not isinstance(value, type):
        try:
            kept = list(object.__getattribute__(value, "__dict__").values())
        except AttributeError:
            kept = []
        yield from kept
        call = vars(type(value)).get("_lambda_tracer_call")
        if call is not None:
            yield call


if __name__ == "__main__":
    main(sys.argv[1])
