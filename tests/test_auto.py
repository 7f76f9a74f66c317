"""`lambda_tracer.auto`: a function whose code knows nothing of us is traced, and behaves as it does without us."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.session import Outcome, Session
from tests.local.command import invoke

UNCHANGED = """
import sqlite3

print("the module is imported")

def lambda_handler(event, context):
    connection = sqlite3.connect(":memory:")
    connection.execute("select 1")
    connection.close()
    return {"name": context.function_name}

class Handlers:
    @staticmethod
    def of_a_class(event, context):
        return {"name": "of a class"}

of_a_class = Handlers().of_a_class
"""

BROKEN = {
    "a module that is not there": ("nothing.lambda_handler", ""),
    "a module that imports what is not there": ("app.lambda_handler", "import no_such_module"),
    "a name that is not there to be imported": ("app.lambda_handler", "from json import no_such_name"),
    "no Python": ("app.lambda_handler", "def lambda_handler(:\n    pass"),
    "a function that is not there": ("app.no_such_handler", "lambda_handler = print"),
    "a handler without a dot": ("lambda_handler", "lambda_handler = print"),
    "a handler that ends with a dot": ("app.", "lambda_handler = print"),
    "a module of Python's own": ("sys.exit", ""),
    "an exception": ("app.lambda_handler", "def check(value):\n    return 1 / value\n\ncheck(0)"),
    "an AttributeError": ("app.lambda_handler", "import json\njson.no_such_name"),
    "an exception without a message": ("app.lambda_handler", "raise ValueError"),
    "an exception with a cause": (
        "app.lambda_handler",
        "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('b') from e",
    ),
    "an exception in a module that it imports": ("app.lambda_handler", "import other"),
    "an exception in a package that it imports": ("app.lambda_handler", "import package.inner"),
    "an exception in an import of an import": (
        "app.lambda_handler",
        "def late():\n    import once\n\nlate()",
    ),
    "an exit": ("app.lambda_handler", "import sys\nsys.exit(3)"),
    "an end without a word": ("app.lambda_handler", "import os\nos._exit(4)"),
    "an exception of its own kind": (
        "app.lambda_handler",
        "class Odd(Exception):\n    def __str__(self):\n        return 'odd'\n\nraise Odd(1)",
    ),
}
"""Handler strings, and modules that go with them, of which the runtime client reports an error."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An unchanged function's folder."""
    function = tmp_path / "shop"
    function.mkdir()
    write(function, UNCHANGED)
    return function


def write(folder: Path, code: str, name: str = "app.py") -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(dedent(code))


def plain(folder: Path, handler: str, event: object = None, **environment: str) -> Outcome:
    """One invocation without us."""
    settings = FunctionSettings(handler=handler, task_root=folder, environment=environment)
    with Session(settings) as session:
        return session.invoke(json.dumps(event).encode())


def traced(
    folder: Path, handler: str = "app.lambda_handler", event: object = None, **environment: str
) -> Outcome:
    """One invocation with us in between; imports are never slow enough to be recorded, unless it says so."""
    ours = {"LAMBDA_TRACER_HANDLER": handler, "LAMBDA_TRACER_IMPORTS_MS": "60000"}
    return plain(folder, "lambda_tracer.auto.handler", event, **{**ours, **environment})


def recorded(outcome: Outcome) -> list[dict[str, Any]]:
    """The subsegments that the function sent, below Lambda's own segments, outermost first."""
    waiting = [document for segment in outcome.to_dict()["segments"] for document in segment["subsegments"]]
    found: list[dict[str, Any]] = []
    while waiting:
        document = waiting.pop(0)
        below = document.get("subsegments", [])
        is_initialization = document["name"].startswith("Initialization")
        if not is_initialization and document.get("origin") is None:
            found.append(document)
        waiting = below + waiting
    return found


def names(outcome: Outcome) -> list[str]:
    return [document["name"] for document in recorded(outcome)]


def result(outcome: Outcome) -> Any:
    return json.loads(outcome.payload)


def without_request_ids(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)


@pytest.mark.parametrize(
    ("handler", "file"),
    [
        ("app.lambda_handler", "app.py"),
        ("app.of_a_class", "app.py"),
        ("pkg.app.lambda_handler", "pkg/app.py"),
        ("pkg/app.lambda_handler", "pkg/app.py"),
        ("my-app.lambda_handler", "my-app.py"),
        ("src/my-app.lambda_handler", "src/my-app.py"),
    ],
)
def test_a_handler_in_any_form_is_traced_and_its_module_imported_once(
    handler: str, file: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(folder, UNCHANGED, file)

    untouched = plain(folder, handler)
    outcome = traced(folder, handler)

    assert result(outcome) == result(untouched)
    assert names(outcome)[0] == f"## {handler.rpartition('.')[2]}"
    assert capfd.readouterr().err.splitlines() == ["the module is imported"] * 2


def test_libraries_are_traced_though_the_function_imports_them_itself(folder: Path) -> None:
    outcome = traced(folder)

    handler, query = recorded(outcome)
    assert (handler["name"], query["namespace"]) == ("## lambda_handler", "remote")
    assert "sql" in query


@pytest.mark.parametrize("kind", BROKEN)
def test_an_error_in_the_function_is_reported_exactly_as_without_us(
    kind: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    handler, code = BROKEN[kind]
    write(folder, code)
    write(folder, "def fails():\n    raise OSError(2, 'no such thing')\n\nfails()", "other.py")
    write(folder, "from . import deeper", "package/inner.py")
    write(folder, "{}['key']", "package/deeper.py")
    write(folder, "import json\nimport other", "once.py")

    untouched = plain(folder, handler)
    without_us = capfd.readouterr().err
    outcome = traced(folder, handler)
    with_us = capfd.readouterr().err

    assert untouched.has_failed
    assert without_request_ids(json.dumps(outcome.invocation.error)) == without_request_ids(
        json.dumps(untouched.invocation.error)
    )
    assert with_us == without_us


def test_an_exception_of_the_handler_is_reported_with_the_same_type_message_and_place(folder: Path) -> None:
    write(folder, "def lambda_handler(event, context):\n    return event['order']")

    untouched = result(plain(folder, "app.lambda_handler", {}))
    outcome = traced(folder, event={})

    told = result(outcome)
    assert (told["errorType"], told["errorMessage"]) == ("KeyError", "'order'")
    assert told["stackTrace"][-1] == untouched["stackTrace"][-1]
    assert recorded(outcome)[0]["fault"]


def test_responses_are_recorded_only_when_asked_for(folder: Path) -> None:
    silent = traced(folder)
    asked = traced(folder, POWERTOOLS_TRACER_CAPTURE_RESPONSE="true")
    refused = traced(folder, POWERTOOLS_TRACER_CAPTURE_RESPONSE="false")

    assert recorded(asked)[0]["metadata"] == {"shop": {"lambda_handler response": {"name": "shop"}}}
    assert ["metadata" in recorded(each)[0] for each in (silent, refused)] == [False, False]


def test_imports_of_the_functions_module_are_timed(folder: Path) -> None:
    write(folder, "import slow\n\ndef lambda_handler(event, context):\n    return slow.WORD")
    write(folder, "import time\ntime.sleep(0.4)\nWORD = 'late'", "slow.py")

    outcome = traced(folder, LAMBDA_TRACER_IMPORTS_MS="200")

    assert result(outcome) == "late"
    assert names(outcome) == ["import app", "import slow", "## lambda_handler"]


def test_the_service_is_the_functions_name_unless_the_environment_has_one(folder: Path) -> None:
    by_itself = traced(folder)
    by_environment = traced(folder, POWERTOOLS_SERVICE_NAME="payment")

    assert recorded(by_itself)[0]["annotations"] == {"ColdStart": True, "Service": "shop"}
    assert recorded(by_environment)[0]["annotations"]["Service"] == "payment"


def test_a_coroutine_handler_is_run(folder: Path) -> None:
    write(folder, "async def lambda_handler(event, context):\n    return 'awaited'")

    outcome = traced(folder)

    assert (result(outcome), names(outcome)) == ("awaited", ["## lambda_handler"])


DECORATED = """
import functools
from lambda_tracer import Tracer

tracer = Tracer(service="own")

def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper

{decorators}
def lambda_handler(event, context):
    return "fine"
"""


@pytest.mark.parametrize(
    "decorators",
    [
        "@tracer.capture_lambda_handler",
        "@tracer.capture_lambda_handler(capture_response=True)",
        "@logged\n@tracer.capture_lambda_handler",
        "@tracer.capture_lambda_handler\n@logged",
        "@tracer.capture_lambda_handler\nasync def first(event, context): ...\n\n@tracer.capture_lambda_handler",
    ],
)
def test_a_handler_that_has_our_decorator_keeps_it_and_gets_no_other(decorators: str, folder: Path) -> None:
    write(folder, DECORATED.format(decorators=decorators))

    outcome = traced(folder)

    (handler,) = recorded(outcome)
    assert (handler["name"], handler["annotations"]["Service"]) == ("## lambda_handler", "own")
    assert handler["metadata"] == {"own": {"lambda_handler response": "fine"}}


def test_a_function_that_captures_only_methods_gets_its_handler_captured_for_the_same_service(
    folder: Path,
) -> None:
    write(folder, DECORATED.format(decorators="@logged"))

    (handler,) = recorded(traced(folder))

    assert handler["annotations"]["Service"] == "own"


def test_a_function_that_switches_tracing_off_is_not_traced(folder: Path) -> None:
    write(
        folder,
        "from lambda_tracer import Tracer\nTracer(disabled=True)\ndef lambda_handler(event, context): return 1",
    )

    outcome = traced(folder)

    assert (result(outcome), outcome.datagrams) == (1, [])


def test_a_function_that_powertools_traces_is_left_to_it(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(
        folder,
        """
        import sqlite3
        from aws_lambda_powertools import Tracer

        tracer = Tracer(service="theirs")

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            sqlite3.connect(":memory:").execute("select 1")
            return "fine"
        """,
    )

    untouched = plain(folder, "app.lambda_handler")
    capfd.readouterr()
    outcome = traced(folder)

    assert names(outcome) == names(untouched)
    (said,) = (line for line in capfd.readouterr().err.splitlines() if "lambda_tracer" in line)
    assert said.endswith(
        "the function uses the X-Ray SDK, or Powertools' Tracer on it: lambda_tracer leaves it to that "
        "(LAMBDA_TRACER_TAKE_OVER=true has it run on lambda_tracer)"
    )


@pytest.mark.parametrize(
    ("variable", "word"), [("POWERTOOLS_TRACE_DISABLED", "perhaps"), ("POWERTOOLS_TRACER_CAPTURE_ERROR", "?")]
)
def test_where_tracing_cannot_start_the_function_runs_and_one_record_says_so(
    variable: str, word: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = traced(folder, **{variable: word})

    assert (result(outcome), outcome.datagrams) == ({"name": "shop"}, [])
    (said,) = (line for line in capfd.readouterr().err.splitlines() if "[WARNING]" in line)
    assert f"tracing could not start (ValueError: environment variable {variable}: expected" in said
    assert said.endswith(": the function runs untraced")


def test_what_is_no_function_is_left_as_it_is(folder: Path) -> None:
    write(folder, "lambda_handler = 5")

    told = result(traced(folder))

    assert told["errorMessage"] == "'int' object is not callable"


def test_without_the_functions_handler_the_error_says_what_is_missing(folder: Path) -> None:
    outcome = plain(folder, "lambda_tracer.auto.handler")

    error = result(outcome)
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"].endswith(
        "LAMBDA_TRACER_HANDLER must name the function's own handler, as in app.lambda_handler"
    )


def test_nothing_is_sent_of_an_unsampled_invocation(folder: Path) -> None:
    settings = FunctionSettings(
        handler="lambda_tracer.auto.handler",
        task_root=folder,
        environment={"LAMBDA_TRACER_HANDLER": "app.lambda_handler"},
    )
    with Session(settings) as session:
        outcome = session.invoke(b"{}", is_sampled=False)

    assert (result(outcome), outcome.datagrams) == ({"name": "shop"}, [])


def test_without_the_runtime_client_the_function_is_found_too(folder: Path) -> None:
    write(folder, UNCHANGED, "pkg/app.py")
    variables = ("--env", "LAMBDA_TRACER_HANDLER=pkg/app.lambda_handler")

    ran = invoke("lambda_tracer.auto.handler", "--inline", *variables, folder=folder)

    assert (ran.exit_code, ran.results) == (0, [{"name": "shop"}])
    assert "## lambda_handler" in ran.tree
