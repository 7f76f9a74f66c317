"""The HTTP clients that the X-Ray SDK knows, called on both sides: everything that shows is compared.

`http_side` is the process that makes the calls on one side; `DIFFERENCES` is where we mean to differ, and
why.
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

from tests.documents import violations
from tests.parity.http_side import CASES
from tests.parity.normal import ABSENT, Leaf, leaves, normal
from tests.patches.http.server import serving

SIDES = ("powertools", "lambda_tracer")
LIBRARIES = ("requests", "httpx", "httplib", "aiohttp")
PATIENCE_S = 200

Observed = dict[str, dict[str, dict[str, Any]]]


class Difference(NamedTuple):
    """`what` differs, the `reason` why we want it so, and whether a differing value `is_shown_by` it."""

    what: str
    reason: str
    is_shown_by: Callable[[str, str, Leaf], bool]
    """Gets the library, the case and the value."""


def _at(*path: str) -> Callable[[str, str, Leaf], bool]:
    """A value of a subsegment at the end of this path."""
    return lambda library, case, leaf: leaf.path[0] == "subsegments" and leaf.path[-len(path) :] == path


def _is_method_as_written(library: str, case: str, leaf: Leaf) -> bool:
    return library == "requests" and leaf.path[-1] == "method" and str(leaf.theirs).upper() == str(leaf.ours)


def _is_credentials(library: str, case: str, leaf: Leaf) -> bool:
    return case == "credentials" and leaf.path[-1] == "url" and "user:hidden@" in leaf.theirs


def _is_prepared_url(library: str, case: str, leaf: Leaf) -> bool:
    return library == "requests" and leaf.path[-1] == "url" and leaf.theirs.lower() == leaf.ours


def _is_longer_chain(library: str, case: str, leaf: Leaf) -> bool:
    if leaf.path[-1] != "exceptions" or not isinstance(leaf.theirs, list) or not isinstance(leaf.ours, list):
        return False
    # Of a message that the library composed, each side may keep another part; what it begins with is the same.
    return (leaf.theirs[0]["type"], leaf.theirs[0]["message"].lstrip("('")[:18]) == (
        leaf.ours[0]["type"],
        leaf.ours[0]["message"][:18],
    )


def _is_hop(library: str, case: str, leaf: Leaf) -> bool:
    if library != "httpx" or case != "redirect":
        return False
    return leaf.path[1:] == ("127.0.0.1 (2)",) or (leaf.path[-1] == "status" and leaf.ours == 201)


def _is_exchange_in_parts(library: str, case: str, leaf: Leaf) -> bool:
    if library != "httplib" or leaf.path[0] != "subsegments":
        return False
    if len(leaf.path) == 2 and leaf.ours == ABSENT:
        return leaf.path[1].endswith((" (2)", " (3)"))
    return leaf.theirs == ABSENT and leaf.path[2] in ("http", "error", "throttle", "fault", "cause")


def _is_port(library: str, case: str, leaf: Leaf) -> bool:
    return library == "httplib" and leaf.path[-1] == "url" and leaf.ours.count(":") == 2


def _is_mutated_dict(library: str, case: str, leaf: Leaf) -> bool:
    return leaf.path[:2] == ("notes", "the caller's headers") and leaf.ours == "Root=mine"


def _is_parent_of_httplib(library: str, case: str, leaf: Leaf) -> bool:
    return (
        library == "httplib"
        and leaf.path[:2] == ("notes", "the call")
        and "Parent=<id of handler>" in leaf.theirs
        and "Parent=<id of handler>" not in leaf.ours
    )


def _is_raise_of_aiohttp(library: str, case: str, leaf: Leaf) -> bool:
    return (
        library == "aiohttp"
        and case in ("no trace header", "pass-through header")
        and leaf.path[:2] == ("notes", "the call")
    )


def _is_made_up_header(library: str, case: str, leaf: Leaf) -> bool:
    if leaf.path[:2] != ("notes", "the call"):
        return False
    made_up = "Root=1-00000000-" in str(leaf.theirs) and "Root=1-00000000-" not in str(leaf.ours)
    handed_on = case == "pass-through header" and ";Lineage=1:2" in str(leaf.ours)
    return made_up or handed_on


def _is_unsampled_parent(library: str, case: str, leaf: Leaf) -> bool:
    return (
        case == "unsampled"
        and leaf.path[:2] == ("notes", "the call")
        and "Parent=<zeros>" in leaf.theirs
        and "Parent=<segment" in leaf.ours
    )


DIFFERENCES = {
    "method": Difference(
        "requests: the method is in upper case",
        "it is what is sent; the SDK records how the caller wrote it, `get` for `requests.get`",
        _is_method_as_written,
    ),
    "content length": Difference(
        "the answer's content length is recorded",
        "X-Ray has a place for it, and it tells a small answer from a large one without recording it",
        _at("response", "content_length"),
    ),
    "credentials": Difference(
        "requests, aiohttp: no user and password in the URL",
        "a trace is no place for secrets; the SDK drops them for httpx only",
        _is_credentials,
    ),
    "prepared url": Difference(
        "requests: the URL as it is sent",
        "the call is recorded where the prepared request is sent, so requests made by hand are too",
        _is_prepared_url,
    ),
    "chain": Difference(
        "the exceptions that led to the one raised are recorded, with their own frames; messages that a library "
        "composes are without the values in them",
        "the reason is usually at the end of the chain: a refused connection below a MaxRetryError; the values are "
        "query strings and addresses",
        _is_longer_chain,
    ),
    "hops": Difference(
        "httpx: a redirected call is one subsegment with the last status",
        "it is one call, as it is with every other client on either side",
        _is_hop,
    ),
    "one exchange": Difference(
        "http.client: one subsegment from request to answer instead of one each for sending, answer and reading",
        "it is one call; theirs times the parts apart, and the first of them has no status",
        _is_exchange_in_parts,
    ),
    "port": Difference(
        "http.client: the URL has the port",
        "two services on one host differ by it; the SDK's other patches record it too",
        _is_port,
    ),
    "caller's headers": Difference(
        "requests, http.client: the caller's own headers dict stays as it was",
        "it may be used for the next call, which would then carry a wrong parent",
        _is_mutated_dict,
    ),
    "parent": Difference(
        "http.client: the header names the call's own subsegment as Parent",
        "the called service's segment belongs below the call, where the other clients have it",
        _is_parent_of_httplib,
    ),
    "namespace": Difference(
        "aiohttp: a call that fails to connect stays remote",
        "it is a remote call all the same; local would hide it from the service map",
        lambda library, case, leaf: (
            library == "aiohttp"
            and leaf.path[-1] == "namespace"
            and (leaf.theirs, leaf.ours) == ("local", "remote")
        ),
    ),
    "aiohttp raises": Difference(
        "aiohttp: outside an invocation, and with a header that has no sampling decision, the call works",
        "the SDK's config raises AttributeError into the function",
        _is_raise_of_aiohttp,
    ),
    "made-up header": Difference(
        "no header of zeros is made up where there is none, and one without a decision is handed on as it came",
        "a Root of zeros joins unrelated requests in one trace, and Lambda's pass-through mode asks to pass it on",
        _is_made_up_header,
    ),
    "unsampled parent": Difference(
        "an unsampled request names the function's own segment as Parent",
        "an id of zeros belongs to nothing",
        _is_unsampled_parent,
    ),
}
"""What we record or do otherwise, in one table."""

NAMES = [f"{library}: {case}" for library in LIBRARIES for case in CASES]


@pytest.fixture(scope="module")
def observed() -> Observed:
    """What every call showed on either side."""
    for package in ("aws_lambda_powertools", "aws_xray_sdk", "requests", "httpx", "aiohttp"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'lambda-tracer[test]'")
    seen = {}
    with serving() as server:
        for side in SIDES:
            result = subprocess.run(
                [sys.executable, "-m", "tests.parity.http_side", side, str(server.port)],
                cwd=Path(__file__).parents[2],
                check=False,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
            assert result.returncode == 0, f"the calls ended early on {side}:\n{result.stderr[-4000:]}"
            seen[side] = json.loads(result.stdout)
    return seen


def differing(observed: Observed, name: str) -> list[Leaf]:
    """Where a call shows something else on one side than on the other; packing and frames are compared
    elsewhere.
    """
    theirs, ours = (normal(observed[side][name]) for side in SIDES)
    return [leaf for leaf in leaves(theirs, ours) if leaf.path[0] != "datagrams" and leaf.path[-1] != "stack"]


@pytest.mark.parametrize("name", NAMES)
def test_shows_the_same_on_both_sides_but_for_what_is_listed(name: str, observed: Observed) -> None:
    library, _, case = name.partition(": ")

    unlisted = [
        leaf
        for leaf in differing(observed, name)
        if not any(entry.is_shown_by(library, case, leaf) for entry in DIFFERENCES.values())
    ]

    assert not unlisted, "differences that are not listed:\n    " + "\n    ".join(map(str, unlisted))


@pytest.mark.parametrize("key", DIFFERENCES)
def test_every_difference_on_the_list_shows(key: str, observed: Observed) -> None:
    shown = [
        name
        for name in NAMES
        for leaf in differing(observed, name)
        if DIFFERENCES[key].is_shown_by(name.partition(": ")[0], name.partition(": ")[2], leaf)
    ]

    assert shown, f"listed, but no longer so: {DIFFERENCES[key].what}"


@pytest.mark.parametrize("name", NAMES)
def test_sends_nothing_that_x_ray_would_drop(name: str, observed: Observed) -> None:
    documents = observed["lambda_tracer"][name]["documents"]

    assert not [rule for document in documents for rule in violations(document)]
    assert documents or name.endswith(("unsampled", " header"))
