"""Beside another SDK: where the application has set a provider of its own, our patches step back for what it records.

That is what its instrumentations have patched: those libraries are unpatched, and one message says so. What such a call
is made of, in libraries that are not instrumented, is not recorded either, but has our header. Nothing of the SDK is
imported, and nothing of ours is handed to it.
"""

from __future__ import annotations

import sys

from opentelemetry import trace
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider

from ..guard import failed, pass_on, warn_once
from ..patches import registry, unpatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

INSTRUMENTOR = "opentelemetry.instrumentation.instrumentor"
"""The module of what all instrumentations are."""

_PACKAGE = "opentelemetry.instrumentation."

_LIBRARIES = {
    "aiohttp_client": "aiohttp",
    "sqlalchemy": "sqlalchemy_core",
    "urllib": "httplib",
    **{
        name: name
        for name in (
            *("aiobotocore", "asyncpg", "botocore", "httpx", "mysql", "psycopg", "psycopg2", "pymongo"),
            *("pymysql", "redis", "requests", "sqlite3", "urllib3"),
        )
    },
}
"""By the last part of an instrumentation's name: the library that our patch records the same calls of."""

_AROUND_THE_SAME = {**_LIBRARIES, "threading": "threads"}
"""Those, and what both patch for purposes of their own: neither records the work that a thread is given."""

_given_up: set[str] = set()


class Ours:
    """What a provider is whose spans are our subsegments: the application may have set it, but it is no other."""

    __slots__ = ()


def step_back() -> None:
    """Unpatch what the application's own instrumentations record, and patch what they no longer do."""
    try:
        theirs = set(_instrumented()) if is_recording() else set()
        for name in sorted(theirs - _given_up):
            if name in registry.registered.values():
                unpatch.unpatch([name])
                _given_up.add(name)
                warn_once(
                    "instrumented",
                    "the application's own OpenTelemetry provider records the calls of %s: lambda_tracer leaves them"
                    " to it",
                    name,
                )
        for name in sorted(_given_up - theirs):
            _given_up.discard(name)
            registry.patch([name], raise_errors=False)
    except Exception as error:
        failed(error)


def forget() -> None:
    """Nothing is patched any more, of what was given up least of all."""
    _given_up.clear()


def is_given_up(library: str) -> bool:
    """Whether the application's provider records the calls of a library in our place."""
    return library in _given_up


def is_recording() -> bool:
    """Whether the application has a provider of its own, other than ours and one that does nothing."""
    provider = getattr(trace, "_TRACER_PROVIDER", None)
    return provider is not None and not isinstance(provider, (NoOpTracerProvider, ProxyTracerProvider, Ours))


def is_recorded(span: Any) -> bool:
    """Whether another provider's span, which is current, is a library's call."""
    try:
        scope = getattr(span, "instrumentation_scope", None)
        name = getattr(scope, "name", None)
        kind = getattr(getattr(span, "kind", None), "name", None)
        return (
            kind in ("CLIENT", "PRODUCER")
            and type(name) is str
            and name.startswith(_PACKAGE)
            and span.is_recording()
        )
    except Exception as error:
        pass_on(error)
        return False


def then_step_back(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of what sets a provider, instruments or uninstruments: the same, and ours see to it afterwards."""

    def changes_what_is_instrumented(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        step_back()
        return result

    return changes_what_is_instrumented


def then_patch_again(uninstrument: Callable[..., Any]) -> Callable[..., Any]:
    """Of what uninstruments: the same, done without our patch of the library.

    It finds what is to be put back only where nothing stands around it; else the library would stay instrumented.
    """

    def uninstrument_alone(self: Any, *args: Any, **kwargs: Any) -> Any:
        library = _library_of(type(self), _AROUND_THE_SAME)
        try:
            if library in registry.registered.values():
                unpatch.unpatch([library])
            else:
                library = ""
            result = uninstrument(self, *args, **kwargs)
        finally:
            if library:
                registry.patch([library], raise_errors=False)
            step_back()
        return result

    return uninstrument_alone


def _instrumented() -> Iterator[str]:
    """The libraries that instrumentations have patched."""
    base = getattr(sys.modules.get(INSTRUMENTOR), "BaseInstrumentor", None)
    for kind in () if base is None else base.__subclasses__():
        library = _library_of(kind)
        instance = vars(kind).get("_instance")
        if library and getattr(instance, "is_instrumented_by_opentelemetry", False) is True:
            yield library


def _library_of(kind: type, libraries: Mapping[str, str] = _LIBRARIES) -> str:
    """The library that an instrumentation is of, by our name for it; empty for one that is not among `libraries`."""
    module = kind.__module__
    if type(module) is not str or not module.startswith(_PACKAGE):
        return ""
    return libraries.get(module[len(_PACKAGE) :].partition(".")[0], "")
