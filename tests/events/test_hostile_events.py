"""Events and answers that are malformed, huge, recursive or hostile: nothing of them is run, and nothing is harmed."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_tracer import Tracer, guard
from lambda_tracer.events.facts import Facts
from lambda_tracer.events.http import status_of
from lambda_tracer.events.trigger import facts_of
from tests.daemon import Daemon
from tests.events.samples import NAMES, sample
from tests.hostile.values import CONSUMABLE, RECIPES

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**70, -(2**70), 10**400, 0]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "arn:", "arn:aws:sqs", "x" * 100_000, "\ud800", "0000-00-00T00:00:00Z", "9" * 16]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.binary(max_size=3),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in an event."""
    found = [path] if path else []
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def replaced(event: Any, path: tuple[Any, ...], value: Any) -> Any:
    at = event
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return event


PLACES = {name: places(sample(name)) for name in NAMES}


def check(facts: Facts | None) -> None:
    """What is told can be sent: short texts, whole numbers, and a request of texts."""
    if facts is None:
        return
    assert facts.annotations["Trigger"]
    for value in facts.annotations.values():
        assert type(value) is int or (type(value) is str and len(value) <= 300)
    for number in (facts.metadata or {}).values():
        assert type(number) in (int, str)
    for text in (facts.request or {}).values():
        assert type(text) is str


@given(st.data())
def test_an_event_with_something_else_in_any_place_is_read_without_an_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    event = sample(name)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PLACES[name]))
        try:
            replaced(event, path, data.draw(ODD))
        except (TypeError, KeyError, IndexError):  # what was to be replaced is gone
            continue

    check(facts_of(event))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value", [None, 0, -1, 1.5, float("nan"), "", "x", [], {}, [[]], [{}], {"": None}, b""]
)
def test_an_event_of_which_one_part_is_of_another_type_is_read_without_an_error(
    name: str, value: Any
) -> None:
    for path in PLACES[name]:
        check(facts_of(replaced(sample(name), path, copy.copy(value))))


@pytest.mark.parametrize("name", NAMES)
def test_an_event_of_which_one_part_is_missing_is_read_without_an_error(name: str) -> None:
    for path in PLACES[name]:
        event = sample(name)
        at = event
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]

        check(facts_of(event))


class Dict(dict[Any, Any]):
    """One that raises whatever it is asked."""

    def _raise(self, *args: object) -> Any:
        raise AssertionError("asked")

    get = items = keys = values = __iter__ = __contains__ = __getitem__ = __len__ = __bool__ = __eq__ = _raise


class List(list[Any]):
    __iter__ = __len__ = __getitem__ = __bool__ = __eq__ = Dict._raise


class Text(str):
    __slots__ = ()
    __str__ = __len__ = __getitem__ = __format__ = __eq__ = startswith = partition = Dict._raise

    def __hash__(self) -> int:
        return str.__hash__(self)


class Number(int):
    __int__ = __index__ = __eq__ = __lt__ = __gt__ = __bool__ = __mul__ = __sub__ = Dict._raise


def in_subclasses(value: Any) -> Any:
    """The same, of types that raise when they are asked, but for keys."""
    if isinstance(value, dict):
        return Dict({key: in_subclasses(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return List([in_subclasses(inner) for inner in value])
    if isinstance(value, str):
        return Text(value)
    return Number(value) if type(value) is int else value


@pytest.mark.parametrize("name", NAMES)
def test_of_subclasses_nothing_is_asked(name: str) -> None:
    event = sample(name)

    assert facts_of(in_subclasses(event)) is None
    for path in PLACES[name]:
        event = sample(name)
        at = event
        for key in path:
            at = at[key]
        check(facts_of(replaced(event, path, in_subclasses(at))))


def test_keys_that_are_no_texts_are_not_compared() -> None:
    class Key:
        def __hash__(self) -> int:
            return hash("Records")

        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

    assert facts_of({Key(): 1}) is None
    assert facts_of({Text("Records"): 1}) is None


def test_a_recursive_event_ends() -> None:
    event: dict[str, Any] = {"httpMethod": "GET", "path": "/"}
    event["requestContext"] = event["identity"] = event["headers"] = event["elb"] = event

    check(facts_of(event))
    records: list[Any] = []
    records.append({"eventSource": "aws:sqs", "attributes": records, "Records": records})
    check(facts_of({"Records": records}))


def test_a_huge_event_takes_no_time() -> None:
    records: list[Any] = [{}]
    many = {str(number): records for number in range(1_000_000)}
    for event in (
        many,
        {"requestContext": many},
        {"Records": [many]},
        {"eventSource": "aws:kafka", "records": many},
        {"detail-type": "x", "source": "s" * 10_000_000},
    ):
        began = time.process_time()

        check(facts_of(event))

        assert time.process_time() - began < 0.05, list(event)[:2]


HOSTILE = sorted({**RECIPES, **dict.fromkeys(CONSUMABLE)})


not_closed = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""Nobody closes the files, coroutines and directories among them."""


def hostile(name: str) -> Any:
    return RECIPES[name]() if name in RECIPES else CONSUMABLE[name][0]()


@not_closed
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_value_anywhere_in_an_event_harms_nothing(name: str, daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    given: list[Any] = []

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: Any, context: Any) -> Any:
        given.append(event)
        return value

    value = hostile(name)
    events = [value]
    for source in ("api_http_2", "sqs"):
        for path in PLACES[source]:
            if len(path) < 4:
                events.append(replaced(sample(source), path, value))

    for event in events:
        assert handler(event, None) is value
        assert given.pop() is event
    assert guard.failures == 0
    daemon.clear()


def test_a_key_below_the_top_that_raises_when_it_is_compared_harms_nothing(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Key(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            raise KeyboardInterrupt("compared")

        def __hash__(self) -> int:
            return str.__hash__(self)

    monkeypatch.setattr(guard, "reraise", False)
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: Any, context: Any) -> str:
        return "done"

    assert handler({"requestContext": {Key("http"): 1}}, None) == "done"
    daemon.expect_tree("## handler")


@given(ODD)
def test_a_status_is_a_status_or_none(value: Any) -> None:
    status = status_of({"statusCode": value}, None)

    assert status is None or (type(status) is int and 100 <= status <= 599)


@not_closed
@pytest.mark.parametrize("name", HOSTILE)
def test_of_a_hostile_answer_only_a_status_is_taken(name: str) -> None:
    for answer in (hostile(name), {"statusCode": hostile(name)}):
        assert status_of(answer, 200) in (None, 200)


def test_the_facts_can_be_written_as_json() -> None:
    for name in NAMES:
        found = facts_of(sample(name))
        assert found is not None
        json.dumps([found.annotations, found.metadata, found.request])
