"""The databases that the X-Ray SDK knows, used on both sides: everything that shows is compared.

`sql_side` is the process that runs the statements on one side; `DIFFERENCES` is where we mean to differ, and
why. MongoDB is a stand-in that speaks its protocol.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.documents import flatten, violations
from tests.parity.normal import ABSENT, Leaf, leaves
from tests.parity.sql_side import NAMES
from tests.patches.mongo_server import serving
from tests.patches.sql.servers import mariadb, postgresql

SIDES = ("powertools", "lambda_tracer")
PATIENCE_S = 200

Observed = dict[str, dict[str, dict[str, Any]]]


class Difference(NamedTuple):
    """`what` differs, the `reason` why we want it so, and whether a differing value `is_shown_by` it."""

    what: str
    reason: str
    is_shown_by: Callable[[str, Leaf], bool]
    """Gets the library and case, and the value."""


def _sql(key: str, *libraries: str) -> Callable[[str, Leaf], bool]:
    return lambda name, leaf: leaf.path[-2:] == ("sql", key) and name.startswith(libraries or "")


def _is_call_of_ours(name: str, leaf: Leaf) -> bool:
    return len(leaf.path) == 2 and leaf.path[0] == "calls" and leaf.theirs == ABSENT


def _is_raise_of_theirs(name: str, leaf: Leaf) -> bool:
    is_outcome = leaf.path[0] == "notes" and leaf.path[-1] in ("raised", "returned")
    return is_outcome and ABSENT in (leaf.theirs, leaf.ours) and not name.endswith("failing")


def _is_only_a_version(leaf: Leaf) -> bool:
    return str(leaf.ours).rpartition(" ")[2][0].isdigit() and " " in str(leaf.ours)


DIFFERENCES = {
    "name": Difference(
        "pymysql, psycopg2, SQLAlchemy: a subsegment is named `database@host`, SQLite's by the path",
        "the SDK names them by the method or by host and port, or not at all, which X-Ray drops; "
        "its MongoDB patch has the form that we use",
        lambda name, leaf: (
            leaf.path[-1] == "name" and (leaf.ours == ":memory:" or "@127.0.0.1" in str(leaf.ours))
        ),
    ),
    "statement": Difference(
        "the drivers record the statement, literals replaced",
        "it tells one query of a function from another; `stream_sql` turns it off",
        lambda name, leaf: _sql("sanitized_query")(name, leaf) and leaf.theirs == ABSENT,
    ),
    "literals": Difference(
        "SQLAlchemy: literals in the text are replaced",
        "the field is called sanitized_query; the SDK records text as the caller wrote it",
        lambda name, leaf: (
            _sql("sanitized_query", "sqlalchemy")(name, leaf) and "1" in leaf.theirs and "?" in leaf.ours
        ),
    ),
    "url": Difference(
        "pymysql: the URL is recorded; SQLAlchemy: that of SQLite has all its slashes",
        "X-Ray has a place for it, and it says which server",
        lambda name, leaf: (
            _sql("url", "pymysql", "sqlalchemy sqlite")(name, leaf) and leaf.theirs in (ABSENT, "sqlite://")
        ),
    ),
    "driver version": Difference(
        "pymysql, psycopg2: the driver's version stands beside its name",
        "X-Ray defines the field as the name and version number of the driver",
        lambda name, leaf: (
            _sql("driver_version", "pymysql", "psycopg2")(name, leaf) and _is_only_a_version(leaf)
        ),
    ),
    "MariaDB's version": Difference(
        "pymysql: MariaDB's version is its own, without the 5.5.5- that it is sent with",
        "the prefix is for old clients and wrong",
        lambda name, leaf: (
            _sql("database_version", "pymysql")(name, leaf) and leaf.theirs == f"5.5.5-{leaf.ours}"
        ),
    ),
    "null user": Difference(
        "SQLAlchemy: no user where there is none",
        "X-Ray takes only text there, and drops a document with null",
        lambda name, leaf: (
            _sql("user", "sqlalchemy")(name, leaf) and (leaf.theirs, leaf.ours) == (None, ABSENT)
        ),
    ),
    "twice": Difference(
        "SQLAlchemy: what a session executes is recorded once",
        "it is one statement",
        lambda name, leaf: name.startswith("sqlalchemy") and name.endswith("session") and leaf.ours == ABSENT,
    ),
    "what a session knows": Difference(
        "SQLAlchemy: the version of the server is known for a session's statement, too",
        "the statement is recorded where it is sent, by then there is a connection",
        lambda name, leaf: (
            name.endswith("session")
            and _sql("database_version", "sqlalchemy")(name, leaf)
            and leaf.theirs == ABSENT
        ),
    ),
    "whose exception": Difference(
        "SQLAlchemy: the cause is the driver's exception",
        "that is what failed; the message of SQLAlchemy's own quotes the statement and its parameters",
        lambda name, leaf: name.startswith("sqlalchemy") and "cause" in leaf.path,
    ),
    "driver's message": Difference(
        "what a driver's message says without values: code, SQLSTATE, the names of what is concerned",
        "drivers quote the statement and its values in it",
        lambda name, leaf: name.endswith("failing") and leaf.path[-2:] == ("cause", "message"),
    ),
    "more ways": Difference(
        "recorded too: `with connection as c`, `executescript`, `connect(database=...)`, and SQLAlchemy's "
        "`exec_driver_sql` and `scalar`",
        "they run statements; the SDK's proxy is lost on the way there, or was never reached",
        lambda name, leaf: (
            _is_call_of_ours(name, leaf)
            and name.endswith(("with connection", "script", "keyword", "driver sql", "scalar"))
        ),
    ),
    "proxies": Difference(
        "connections and cursors are of the driver's classes, or of subclasses that carry their names",
        "code and C extensions look at the type",
        lambda name, leaf: name.endswith("type of a cursor") and "xray" in str(leaf.theirs).lower(),
    ),
    "raises": Difference(
        "sqlite3.connect(database=...) works, and so does psycopg2's registration of jsonb with a positional argument",
        "they raise into the function there",
        _is_raise_of_theirs,
    ),
    "server's message": Difference(
        "pymongo: of a failure its codes are recorded, not the server's message",
        "the message quotes the values of the query",
        lambda name, leaf: leaf.path[-2:] == ("failure", "errmsg") and leaf.ours == ABSENT,
    ),
}
"""What we record or do otherwise, in one table."""


@pytest.fixture(scope="module")
def observed() -> Observed:
    """What everything showed on either side."""
    for package in ("aws_lambda_powertools", "aws_xray_sdk", "pymysql", "psycopg2", "sqlalchemy", "pymongo"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'lambda-tracer[test]'")
    seen = {}
    with serving() as mongodb:
        ports = {"postgresql": postgresql().port, "mysql": mariadb().port, "mongodb": mongodb}
        for side in SIDES:
            result = subprocess.run(
                [sys.executable, "-m", "tests.parity.sql_side", side, json.dumps(ports)],
                cwd=Path(__file__).parents[2],
                check=False,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
            assert result.returncode == 0, f"the statements ended early on {side}:\n{result.stderr[-4000:]}"
            seen[side] = json.loads(result.stdout)
    return seen


def comparable(observed: dict[str, Any]) -> dict[str, Any]:
    """The calls by number, since their names differ, without what is random."""
    parts = [part for document in observed["documents"] for part in flatten(document)]
    ordered = sorted(parts, key=lambda part: part["start_time"])
    numbers = {part["id"]: str(number) for number, part in enumerate(ordered)}
    calls = {}
    for part in ordered:
        call: dict[str, Any] = {
            key: part[key] for key in ("name", "namespace", "fault", "sql", "metadata") if key in part
        }
        call["parent"] = numbers.get(part["parent_id"], "the segment")
        if "annotations" in part:
            random = ("mongodb_operation_id", "mongodb_request_id", "mongodb_duration_micros")
            call["annotations"] = {
                key: type(value).__name__ if key in random else value
                for key, value in part["annotations"].items()
            }
        if isinstance(part.get("cause"), dict):
            first = part["cause"]["exceptions"][0]
            call["cause"] = {"type": first["type"], "message": first["message"]}
        calls[numbers[part["id"]]] = call
    return {"notes": observed["notes"], "calls": calls}


def differing(observed: Observed, name: str) -> list[Leaf]:
    theirs, ours = (comparable(observed[side][name]) for side in SIDES)
    return list(leaves(theirs, ours))


@pytest.mark.parametrize("name", NAMES)
def test_shows_the_same_on_both_sides_but_for_what_is_listed(name: str, observed: Observed) -> None:
    unlisted = [
        leaf
        for leaf in differing(observed, name)
        if not any(entry.is_shown_by(name, leaf) for entry in DIFFERENCES.values())
    ]

    assert not unlisted, "differences that are not listed:\n    " + "\n    ".join(map(str, unlisted))


@pytest.mark.parametrize("key", DIFFERENCES)
def test_every_difference_on_the_list_shows(key: str, observed: Observed) -> None:
    shown = [
        name
        for name in NAMES
        for leaf in differing(observed, name)
        if DIFFERENCES[key].is_shown_by(name, leaf)
    ]

    assert shown, f"listed, but no longer so: {DIFFERENCES[key].what}"


@pytest.mark.parametrize("name", NAMES)
def test_sends_nothing_that_x_ray_would_drop(name: str, observed: Observed) -> None:
    documents = observed["lambda_tracer"][name]["documents"]

    assert not [rule for document in documents for rule in violations(document)]
    assert documents or name.endswith(("unsampled", "no trace header"))
