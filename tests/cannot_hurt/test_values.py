"""Any value comes back, and any exception leaves, as the object it is; what can be used up is not."""

from __future__ import annotations

import contextlib
import threading
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tracer import Tracer, xray_recorder
from tests.cannot_hurt.examples import anything
from tests.cannot_hurt.kinds import KINDS, Kind, decorators, function
from tests.cannot_hurt.outcome import check_exception, check_value
from tests.cannot_hurt.records import Records
from tests.daemon import Daemon
from tests.hostile import values
from tests.hostile.exceptions import EXCEPTIONS
from tests.hostile.values import CONSUMABLE, RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_any_value_comes_back_as_the_object_it_is(name: str, daemon: Daemon, quiet: Records) -> None:
    values.overruns.clear()
    tracer = Tracer()

    check_value(function, tracer.capture_method, RECIPES[name])

    (document,) = daemon.documents()
    kept = document.get("metadata", {}).get("", {"response": None})  # None is not recorded
    assert len(kept) == 1
    assert values.overruns == []


@pytest.mark.parametrize("name", EXCEPTIONS)
@pytest.mark.parametrize("capture_error", [True, False])
def test_any_exception_leaves_as_the_object_it_is(
    name: str, capture_error: bool, daemon: Daemon, quiet: Records
) -> None:
    tracer = Tracer()

    for kind in KINDS:
        check_exception(kind, tracer.capture_method(capture_error=capture_error), EXCEPTIONS[name])

    assert all(subsegment["fault"] for subsegment in daemon.subsegments() if "cause" in subsegment)
    assert len(daemon.subsegments()) > len(KINDS)


@pytest.mark.parametrize("name", CONSUMABLE)
@pytest.mark.parametrize(
    "way", ["returned", "in a dict", "in metadata", "annotation", "argument", "in exception"]
)
def test_what_can_be_used_up_is_not(name: str, way: str, daemon: Daemon, quiet: Records) -> None:
    make, take_rest = CONSUMABLE[name]
    tracer = Tracer()
    expected = take_rest(make())
    value = make()

    @tracer.capture_method
    def use(argument: Any) -> Any:
        if way == "in metadata":
            tracer.put_metadata("value", [value, {"deeper": value}])
        elif way == "annotation":
            tracer.put_annotation("value", value)
        elif way == "in exception":
            raise ValueError(value)
        return {"returned": value, "in a dict": {"a": [value]}}.get(way)

    with contextlib.suppress(ValueError):
        use(value if way == "argument" else None)
    rest = take_rest(value)

    assert rest == expected
    daemon.documents()


# --- Compound values, found by hypothesis ------------------------------------------------------------------------

_HEAVY = (
    "10 MB",
    "100,000",
    "million",
    "10,000",
    "chain of",
    "changed by",
    "2^18",
    "endless",
    "proxy of an endless",
)

_LEAVES = st.sampled_from(sorted(name for name in RECIPES if not name.startswith(_HEAVY)))

# A recipe is a name or (how to wrap it, recipes): failing examples show it, never the values themselves.
_COMPOUND = st.recursive(
    _LEAVES,
    lambda inner: st.tuples(
        st.sampled_from(["list", "dict", "tuple", "record", "object", "exception", "values"]),
        st.lists(inner, max_size=4).map(tuple),
    ),
    max_leaves=8,
)


def build(recipe: Any) -> Any:
    if isinstance(recipe, str):
        return RECIPES[recipe]()
    how, parts = recipe[0], [build(part) for part in recipe[1]]
    if how == "dict":
        return {f"key {number}": part for number, part in enumerate(parts)}
    if how == "object":
        return types.SimpleNamespace(**{f"a{number}": part for number, part in enumerate(parts)})
    make: dict[str, Callable[[], Any]] = {
        "list": lambda: parts,
        "tuple": lambda: tuple(parts),
        "record": lambda: values.Record(parts),
        "exception": lambda: ValueError(*parts),
        "values": lambda: dict(enumerate(parts)).values(),
    }
    return make[how]()


@anything
@given(recipe=_COMPOUND, kind=st.sampled_from(KINDS), decorator=st.sampled_from(sorted(range(6))))
def test_compound_values_come_back_as_they_are(
    recipe: Any, kind: Kind, decorator: int, daemon: Daemon
) -> None:
    check_value(kind, list(decorators().values())[decorator], lambda: build(recipe))
    daemon.documents()


@anything
@given(
    key=_COMPOUND | st.text(max_size=3),
    value=_COMPOUND | st.text(),
    namespace=_COMPOUND | st.text(max_size=3),
    name=_COMPOUND | st.text(),
)
def test_describing_a_subsegment_never_raises(
    key: Any, value: Any, namespace: Any, name: Any, daemon: Daemon
) -> None:
    tracer = Tracer()
    key, value, namespace, name = (
        build(part) if isinstance(part, tuple) or part in RECIPES else part
        for part in (key, value, namespace, name)
    )

    with xray_recorder.in_subsegment(name, namespace=namespace) as subsegment:
        tracer.put_annotation(key, value)
        tracer.put_annotation("key", value)
        tracer.put_metadata(key, value, namespace)
        tracer.put_metadata("key", value)
        subsegment.put_http_meta(key, value)
        for known in (
            "url",
            "method",
            "user_agent",
            "client_ip",
            "x_forwarded_for",
            "status",
            "content_length",
        ):
            subsegment.put_http_meta(known, value)
        subsegment.apply_status_code(value)
        subsegment.set_aws({"operation": value, "extra": value})
        subsegment.set_sql({"sanitized_query": value, "user": value})
        subsegment.add_exception(ValueError("x"), stack=[("path", 1, "label", None)])

    assert len(daemon.documents()) >= 1
    daemon.clear()


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), 10**5_000, float("nan"), float("inf"), 2**63],
    ids=["10**400", "-10**400", "10**5000", "nan", "inf", "2**63"],
)
def test_a_number_that_x_ray_cannot_hold_is_sent_as_something_it_can(value: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("numbers") as subsegment:
        subsegment.put_annotation("number", value)
        subsegment.put_http_meta("status", value)
        subsegment.put_http_meta("content_length", value)
        subsegment.put_metadata("number", value)

    assert daemon.subsegment("numbers")["annotations"]["number"] is not None


def test_a_value_that_another_thread_changes_meanwhile_does_no_harm(daemon: Daemon) -> None:
    shared: dict[Any, Any] = {"list": list(range(50)), "dict": {}}
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            shared["dict"][number % 1_000] = object() if number % 3 else "text"
            shared["list"].append(number)
            if number % 50 == 0:
                shared["list"].clear()
                shared["dict"].clear()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(100):
            check_value(function, Tracer().capture_method, lambda: shared)
    finally:
        stop.set()
        thread.join()

    assert len(daemon.documents()) == 100
