"""What a Tracer records of a handler and of methods: names, annotations, responses and exceptions."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


@tracer.capture_method
def charge(amount: int) -> dict[str, int]:
    return {"charged": check(amount)}


@tracer.capture_method
def check(amount: int) -> int:
    if amount < 0:
        raise ValueError(f"negative amount: {amount}")
    return amount


@tracer.capture_lambda_handler
def lambda_handler(event: dict[str, Any], context: object = None) -> dict[str, int]:
    tracer.put_annotation("PaymentId", event["id"])
    return charge(event["amount"])


def metadata(daemon: Daemon, name: str) -> Any:
    return daemon.subsegment(name).get("metadata")


# --- A handler and its methods ------------------------------------------------------------------------------


def test_a_handler_and_its_methods_are_one_tree(daemon: Daemon) -> None:
    assert lambda_handler({"id": "p-1", "amount": 5}) == {"charged": 5}

    daemon.expect_tree(
        """
        ## lambda_handler  {"ColdStart": true, "PaymentId": "p-1", "Service": "payment", "Trigger": "direct"}\
  metadata={"payment": {"lambda_handler response": {"charged": 5}}}
          ## tests.capture.test_method.charge\
  metadata={"payment": {"tests.capture.test_method.charge response": {"charged": 5}}}
            ## tests.capture.test_method.check\
  metadata={"payment": {"tests.capture.test_method.check response": 5}}
    """,
        annotations=True,
        metadata=True,
    )


def test_an_exception_is_a_fault_wherever_it_passes(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="negative amount: -1"):
        lambda_handler({"id": "p-2", "amount": -1})

    daemon.expect_tree(
        """
        ## lambda_handler  fault ValueError\
  {"ColdStart": true, "PaymentId": "p-2", "Service": "payment", "Trigger": "direct"}
          ## tests.capture.test_method.charge  fault ValueError
            ## tests.capture.test_method.check  fault ValueError
    """,
        annotations=True,
    )


def test_an_exception_is_metadata_with_its_type_and_message(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="negative"):
        check(-1)

    assert metadata(daemon, "## tests.capture.test_method.check") == {
        "payment": {
            "tests.capture.test_method.check error": {"type": "ValueError", "message": "negative amount: -1"}
        }
    }


def test_the_handler_is_called_with_exactly_what_lambda_gives(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def handler(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    assert handler({"a": 1}, "context") == (({"a": 1}, "context"), {})
    assert handler(event=1, context=2, further=3) == ((), {"event": 1, "context": 2, "further": 3})
    assert len(daemon.documents()) == 2


def test_a_handler_without_a_service_has_no_service_annotation(daemon: Daemon) -> None:
    @Tracer(auto_patch=False).capture_lambda_handler
    def handler(event: object, context: object) -> str:
        return "done"

    handler({}, None)

    daemon.expect_tree(
        """
        ## handler  {"ColdStart": true}  metadata={"": {"handler response": "done"}}
    """,
        annotations=True,
        metadata=True,
    )


def test_a_service_that_is_renamed_counts_from_the_next_call_on(daemon: Daemon) -> None:
    mine = Tracer(service="before", auto_patch=False)

    @mine.capture_lambda_handler
    def handler(event: object, context: object) -> int:
        return 1

    mine.service = "after"
    handler({}, None)

    assert daemon.subsegment("## handler")["annotations"]["Service"] == "after"
    assert metadata(daemon, "## handler") == {"after": {"handler response": 1}}


def test_a_handler_is_annotated_even_when_it_fails(daemon: Daemon) -> None:
    with pytest.raises(KeyError):
        lambda_handler({"no": "id"})

    daemon.expect_tree(
        """
        ## lambda_handler  fault KeyError  {"ColdStart": true, "Service": "payment", "Trigger": "direct"}
    """,
        annotations=True,
    )


def test_an_annotation_that_the_handler_made_itself_is_replaced(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        tracer.put_annotation("Service", "mine")

    handler({}, None)

    assert daemon.subsegment("## handler")["annotations"]["Service"] == "payment"


def test_a_handler_that_is_a_generator_is_recorded_over_its_whole_life(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> Any:
        with xray_recorder.in_subsegment("work"):
            yield 1
        return "done"

    assert list(handler({}, None)) == [1]
    daemon.expect_tree(
        """
        ## handler  {"ColdStart": true, "Service": "payment"}
          work
    """,
        annotations=True,
    )


# --- Names --------------------------------------------------------------------------------------------------


def test_a_handler_is_named_by_its_name_alone_a_method_by_module_and_class(daemon: Daemon) -> None:
    class Till:
        @tracer.capture_method
        def open(self) -> None: ...

        @tracer.capture_lambda_handler
        def handle(self, event: object = None, context: object = None) -> None:
            self.open()

    Till().handle()

    prefix = (
        "tests.capture.test_method.test_a_handler_is_named_by_its_name_alone_a_method_by_module_and_class"
    )
    daemon.expect_tree(f"""
        ## handle
          ## {prefix}.locals.Till.open
    """)


def test_a_lambda_is_named_as_x_ray_can_take_it_and_in_full_in_the_metadata(daemon: Daemon) -> None:
    handler: Any = tracer.capture_lambda_handler(lambda event, context: 1)
    handler({}, None)

    daemon.expect_tree("## lambda")
    assert metadata(daemon, "## lambda") == {"payment": {"<lambda> response": 1}}


def test_a_method_that_is_a_lambda_has_a_clean_name_everywhere(daemon: Daemon) -> None:
    functions = {"double": lambda value: value * 2}
    functions["double"].__qualname__ = "<lambda>"
    double: Any = tracer.capture_method(functions["double"])
    double(2)

    assert metadata(daemon, "## tests.capture.test_method.lambda") == {
        "payment": {"tests.capture.test_method.lambda response": 4}
    }


class Adder:
    def __init__(self, base: int) -> None:
        self.base = base

    def __call__(self, value: int) -> int:
        return self.base + value


CALLABLES: dict[str, tuple[Callable[..., Any], str]] = {
    "class": (functools.partial, "functools.partial"),
    "builtin": (len, "builtins.len"),
    "callable object": (Adder(1), "tests.capture.test_method.Adder"),
    "partial": (functools.partial(functools.partial(max, 1), 2), "builtins.max"),
    "bound method": (Adder(1).__call__, "tests.capture.test_method.Adder.__call__"),
}


@pytest.mark.parametrize(("function", "name"), CALLABLES.values(), ids=CALLABLES)
def test_what_has_no_name_of_its_own_has_that_of_what_it_calls_or_of_its_type(
    function: Callable[..., Any], name: str, daemon: Daemon
) -> None:
    argument: Any = [1] if function is len else (print if function is functools.partial else 1)
    method = tracer.capture_method(function, capture_response=False)
    handler = tracer.capture_lambda_handler(function, capture_response=False)

    assert str(method(argument)) == str(handler(argument)) == str(function(argument))
    daemon.expect_tree(f"""
        ## {name}
        ## {name.rpartition(".")[2]}
    """)


# --- Responses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("response", [False, 0, "", [], {}, 0.0])
def test_a_response_is_recorded_however_empty(response: object, daemon: Daemon) -> None:
    handler: Any = tracer.capture_lambda_handler(lambda event, context: response)

    assert handler({}, None) is response
    assert metadata(daemon, "## lambda") == {"payment": {"<lambda> response": response}}


def test_a_response_of_none_is_not(daemon: Daemon) -> None:
    handler: Any = tracer.capture_lambda_handler(lambda event, context: None)
    handler({}, None)

    assert metadata(daemon, "## lambda") is None


def test_a_response_is_recorded_as_it_is_when_its_subsegment_closes(daemon: Daemon) -> None:
    response = [1]
    list_of_one: Any = tracer.capture_method(lambda: response)
    with xray_recorder.in_subsegment("outer"):
        list_of_one()
        response.append(2)

    [outer] = daemon.documents()
    assert list(outer["subsegments"][0]["metadata"]["payment"].values()) == [[1]]


def test_a_response_that_can_be_read_once_is_left_to_the_caller(daemon: Daemon) -> None:
    numbers: Any = tracer.capture_lambda_handler(lambda event, context: iter([1, 2]))

    assert list(numbers({}, None)) == [1, 2]
    assert metadata(daemon, "## lambda") == {"payment": {"<lambda> response": "<builtins.list_iterator>"}}


@pytest.fixture(params=["argument", "environment"])
def flags(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Arguments for a decorator that is to record neither responses nor exceptions."""
    if request.param == "argument":
        return {"capture_response": False, "capture_error": False}
    monkeypatch.setenv("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
    monkeypatch.setenv("POWERTOOLS_TRACER_CAPTURE_ERROR", "false")
    return {}


def test_a_response_is_not_recorded_when_it_is_not_wanted(daemon: Daemon, flags: dict[str, Any]) -> None:
    @tracer.capture_lambda_handler(**flags)
    def handler(event: object, context: object) -> int:
        return method()

    @tracer.capture_method(**flags)
    def method() -> int:
        return 1

    assert handler({}, None) == 1
    assert [part.get("metadata") for part in daemon.subsegments()] == [None, None]


def test_an_exception_that_is_not_wanted_as_metadata_is_still_a_fault_with_its_cause(
    daemon: Daemon, flags: dict[str, Any]
) -> None:
    @tracer.capture_lambda_handler(**flags)
    def handler(event: object, context: object) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        handler({}, None)

    daemon.expect_tree("## handler  fault ValueError", metadata=True)
    assert daemon.subsegment("## handler")["cause"]["exceptions"][0]["message"] == "no"


def test_one_flag_does_not_set_the_other(daemon: Daemon) -> None:
    @tracer.capture_method(capture_response=False)
    def fails() -> None:
        raise ValueError("no")

    @tracer.capture_method(capture_error=False)
    def returns() -> int:
        return 1

    with pytest.raises(ValueError, match="no"):
        fails()
    returns()

    assert [list(part["metadata"]["payment"].values()) for part in daemon.subsegments()] == [
        [{"type": "ValueError", "message": "no"}],
        [1],
    ]


def test_an_argument_wins_over_the_environment(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")

    @tracer.capture_lambda_handler(capture_response=True)
    def handler(event: object, context: object) -> int:
        return 1

    handler({}, None)

    assert metadata(daemon, "## handler") == {"payment": {"handler response": 1}}


@pytest.mark.parametrize("form", ["capture_lambda_handler", "capture_method"])
@pytest.mark.parametrize(
    "variable", ["POWERTOOLS_TRACER_CAPTURE_RESPONSE", "POWERTOOLS_TRACER_CAPTURE_ERROR"]
)
def test_a_misspelt_switch_stops_the_decorator(
    form: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "nope")

    with pytest.raises(ValueError, match=f"environment variable {variable}: expected one of"):
        getattr(tracer, form)(charge)


# --- Exceptions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_what_is_no_exception_is_a_fault_but_no_metadata(kind: type[BaseException], daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        raise kind("stop")

    with pytest.raises(kind):
        handler({}, None)

    daemon.expect_tree(f"## handler  fault {kind.__name__}", metadata=True)


def test_an_exception_reaches_the_caller_as_the_object_that_was_raised(daemon: Daemon) -> None:
    error = ValueError("no")

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        handler({}, None)

    assert caught.value is error
    assert vars(error) == {}
    daemon.expect_tree("## handler  fault ValueError")


def test_an_exception_that_was_handled_is_not_the_callers_fault(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> str:
        try:
            check(-1)
        except ValueError:
            return "declined"
        return "charged"

    handler({}, None)

    daemon.expect_tree("""
        ## handler
          ## tests.capture.test_method.check  fault ValueError
    """)


def test_a_falsy_exception_is_a_fault_too(daemon: Daemon) -> None:
    class Nothing(Exception):
        def __bool__(self) -> bool:
            return False

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        raise Nothing

    with pytest.raises(Nothing):
        handler({}, None)

    daemon.expect_tree("## handler  fault Nothing")


def test_an_exception_that_takes_no_attributes_reaches_the_caller(daemon: Daemon) -> None:
    class Frozen(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError("frozen")

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        raise Frozen("no")

    with pytest.raises(Frozen):
        handler({}, None)

    daemon.expect_tree("## handler  fault Frozen")


# --- Not recording ------------------------------------------------------------------------------------------


def test_an_unsampled_invocation_calls_the_functions_and_records_nothing(
    daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    assert lambda_handler({"id": "p-1", "amount": 5}) == {"charged": 5}
    with pytest.raises(ValueError, match="negative"):
        lambda_handler({"id": "p-1", "amount": -5})
    assert daemon.documents() == []


def test_a_method_is_recorded_without_a_handler_too(daemon: Daemon) -> None:
    charge(5)

    daemon.expect_tree("""
        ## tests.capture.test_method.charge
          ## tests.capture.test_method.check
    """)


def test_annotating_in_a_handler_whose_subsegment_was_closed_does_not_raise(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> str:
        subsegment = xray_recorder.current_subsegment()
        assert subsegment is not None
        subsegment.close()
        return "done"

    assert handler({}, None) == "done"
    daemon.expect_tree("## handler")


# --- Coroutine functions ------------------------------------------------------------------------------------


@tracer.capture_method
async def fetch(turns: int) -> int:
    for _ in range(turns):
        await asyncio.sleep(0)
    return checked(turns)


@tracer.capture_method
def checked(turns: int) -> int:
    return turns


def test_coroutines_that_are_gathered_are_siblings(daemon: Daemon) -> None:
    async def main() -> list[int]:
        async with xray_recorder.in_subsegment("all"):
            return list(await asyncio.gather(fetch(3), fetch(1), fetch(2)))

    assert asyncio.run(main()) == [3, 1, 2]
    daemon.expect_tree(
        """
        all
          ## tests.capture.test_method.fetch\
  metadata={"payment": {"tests.capture.test_method.fetch response": 3}}
            ## tests.capture.test_method.checked\
  metadata={"payment": {"tests.capture.test_method.checked response": 3}}
          ## tests.capture.test_method.fetch\
  metadata={"payment": {"tests.capture.test_method.fetch response": 1}}
            ## tests.capture.test_method.checked\
  metadata={"payment": {"tests.capture.test_method.checked response": 1}}
          ## tests.capture.test_method.fetch\
  metadata={"payment": {"tests.capture.test_method.fetch response": 2}}
            ## tests.capture.test_method.checked\
  metadata={"payment": {"tests.capture.test_method.checked response": 2}}
    """,
        metadata=True,
    )


def test_a_coroutine_is_recorded_while_it_runs_and_not_when_it_is_made(daemon: Daemon) -> None:
    async def main() -> None:
        coroutine = fetch(1)
        async with xray_recorder.in_subsegment("later"):
            await coroutine

    asyncio.run(main())

    daemon.expect_tree("""
        later
          ## tests.capture.test_method.fetch
            ## tests.capture.test_method.checked
    """)


def test_a_cancelled_coroutine_is_a_fault_and_stays_cancelled(daemon: Daemon) -> None:
    async def main() -> bool:
        task = asyncio.create_task(fetch(1_000_000))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
    daemon.expect_tree("## tests.capture.test_method.fetch  fault CancelledError", metadata=True)
