"""The tree as a text: what it is equal to, what it says where it differs, and that it works as a snapshot."""

from __future__ import annotations

import copy
import itertools
import pickle
import unittest
from pathlib import Path

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.testing.traces import Traces
from lambda_tracer.testing.tree import Tree, explain
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.testing import project
from tests.testing.sent import AllSent, Sent, made, sent

PAID = """
    ## lambda_handler
      ## app.charge
        dynamodb
"""


def test_the_left_margin_and_blanks_around_make_no_difference() -> None:
    tree = Tree("## lambda_handler\n  ## app.charge\n    dynamodb")

    assert tree == PAID
    assert PAID == tree  # noqa: SIM300
    assert tree == "\n\n\t## lambda_handler  \n\t  ## app.charge\n\t    dynamodb\n\n\n"
    assert [tree != PAID, PAID != tree] == [False, False]  # noqa: SIM300


def test_another_line_or_another_level_makes_a_difference() -> None:
    tree = Tree("## lambda_handler\n  ## app.charge\n    dynamodb")

    assert tree != "## lambda_handler\n  ## app.charge"
    assert tree != "## lambda_handler\n  ## app.charge\n  dynamodb"
    assert tree != "## lambda_handler\n## app.charge\ndynamodb"
    assert tree != "## lambda_handler\n  ## app.charge\n    dynamodb  fault"


def test_a_tree_is_a_text_with_the_hash_of_its_text() -> None:
    tree = Tree(PAID)

    assert (str(tree), repr(tree)) == ("## lambda_handler\n  ## app.charge\n    dynamodb", repr(str(tree)))
    assert type(str(tree)) is str
    assert hash(tree) == hash(str(tree))
    assert {tree: 1} == {str(tree): 1}
    assert "dynamodb" in tree
    assert copy.deepcopy(tree) == pickle.loads(pickle.dumps(tree)) == tree
    assert tree != 5


def test_a_trace_is_equal_to_its_lines(daemon: Daemon) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_method(capture_response=False)
    def charge() -> None:
        with tracer.provider.in_subsegment("dynamodb", namespace="aws"):
            pass

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        charge()

    lambda_handler({}, None)
    traces = sent(daemon)

    assert (
        traces.tree
        == """
        ## lambda_handler
          ## tests.testing.test_tree.test_a_trace_is_equal_to_its_lines.locals.charge
            dynamodb
    """
    )


def test_what_went_wrong_stands_behind_the_name(daemon: Daemon) -> None:
    @xray_recorder.capture("inner")
    def fail() -> None:
        raise ValueError("no")

    @xray_recorder.capture("outer")
    def call() -> None:
        with xray_recorder.in_subsegment("limited") as limited:
            limited.put_http_meta("status", 429)
        fail()

    with pytest.raises(ValueError, match="no"):
        call()
    traces = sent(daemon)

    assert (
        traces.tree
        == """
        outer  fault ValueError
          limited  error throttle
          inner  fault ValueError
    """
    )
    assert traces.show(flags=False) == "outer\n  limited\n  inner"
    daemon.expect_tree(traces.tree)


def test_siblings_stand_by_start_and_equal_ones_by_arrival() -> None:
    traces = made(
        {"id": "0" * 16, "name": "third", "start_time": 3.0},
        {"id": "1" * 16, "name": "second", "start_time": 2.0},
        {"id": "2" * 16, "name": "also second", "start_time": 2.0},
        {"id": "3" * 16, "name": "first", "start_time": 1.0},
    )

    assert traces.tree == "first\nsecond\nalso second\nthird"


def test_invocations_stand_apart_and_empty_ones_are_left_out(daemon: Daemon, invoke: Invoke) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        with tracer.provider.in_subsegment("one"):
            pass

    invocations = []
    for sampled in (1, 0, 1):
        invocations.append(invoke(sampled=sampled))
        lambda_handler({}, None)
    traces = sent(daemon, *invocations)

    assert (
        traces.tree
        == """
        ## lambda_handler
          one

        ## lambda_handler
          one
    """
    )
    assert [len(each) for each in traces.invocations] == [2, 0, 2]
    assert [each.is_sampled for each in traces.invocations] == [True, False, True]


def test_what_has_no_parent_that_came_stands_under_a_line_that_says_so() -> None:
    lost = "a" * 16
    traces = made(
        {"id": "0" * 16, "name": "late", "parent_id": lost},
        {"id": "1" * 16, "name": "below", "parent_id": "0" * 16},
        {"id": "2" * 16, "name": "another", "parent_id": lost},
        {"id": "3" * 16, "name": "root"},
    )

    assert (
        traces.tree
        == """
        root
        (parent not received)
          late
            below
          another
    """
    )


def test_names_are_one_line_each() -> None:
    assert made({"id": "0" * 16, "name": "two\nlines"}).tree == "two lines"


def test_depth_is_no_limit() -> None:
    documents = [{"id": f"{number:016x}", "name": "deep"} for number in range(1, 1_201)]
    for above, below in itertools.pairwise(documents):
        below["parent_id"] = above["id"]

    assert len(made(*documents).tree.splitlines()) == 1_200


def test_a_difference_is_shown_by_lines_with_those_around_it() -> None:
    came = Tree("\n".join(f"line {number}" for number in range(20)))
    expected = "\n".join(f"line {number if number != 10 else 'ten'}" for number in range(20))

    assert explain(came, expected) == [
        "the trace differs: - is expected, + is what came",
        "  ...",
        "  line 8",
        "  line 9",
        "- line ten",
        "+ line 10",
        "  line 11",
        "  line 12",
        "  ...",
    ]
    assert explain(expected, came) == explain(came, expected)
    assert len(explain(came, expected, None) or ()) == 22


def test_only_trees_are_explained() -> None:
    assert explain("a", "b") is None
    assert explain(Tree("a"), 5) is None


@pytest.mark.parametrize(
    ("invocations", "note"),
    [
        ([], "nothing was sent: there was no invocation"),
        ([Sent(is_sampled=False)], "nothing was sent: the invocation is not sampled"),
        ([Sent()], "nothing was sent: the invocation is sampled"),
        (
            [Sent(), Sent(is_sampled=False)],
            "nothing was sent: 2 invocations, 1 of which are not sampled",
        ),
    ],
)
def test_an_empty_tree_says_why_it_is_empty(invocations: list[Sent], note: str) -> None:
    traces = Traces(AllSent(invocations))

    assert traces.tree == ""
    assert explain(traces.tree, "## app") == [
        "the trace differs: - is expected, + is what came",
        "- ## app",
        f"  ({note})",
    ]
    with pytest.raises(AssertionError) as error:
        traces.one("## app")
    assert str(error.value) == f"no subsegment named '## app'\n  {note}"


def test_without_pytest_the_difference_is_in_the_message() -> None:
    traces = made({"id": "0" * 16, "name": "## app"})

    traces.assert_tree("  ## app")
    with pytest.raises(AssertionError) as error:
        traces.assert_tree("""
            ## app
              dynamodb
        """)
    assert str(error.value).splitlines() == [
        "the trace differs: - is expected, + is what came",
        "  ## app",
        "-   dynamodb",
    ]


def test_unittest_names_both() -> None:
    traces = made({"id": "0" * 16, "name": "## app"})

    assert_equal = unittest.TestCase().assertEqual
    assert_equal(traces.tree, "  ## app\n")
    with pytest.raises(AssertionError, match=r"'## app' != '## other'"):
        assert_equal(traces.tree, "## other")


# An inner pytest process, with the plugins that the suite itself leaves off.

_SNAPSHOTS = """
from lambda_tracer.testing.tree import Tree

TREE = Tree("## lambda_handler\\n  ## app.charge")

def test_syrupy(snapshot):
    assert TREE == snapshot
    assert Tree("## lambda_handler  fault") == snapshot(name="another")
"""

_INLINE = '''
from inline_snapshot import snapshot

def test_inline():
    assert TREE == snapshot()
    assert TREE == snapshot(
        """
            ## lambda_handler
              ## app.charge
        """
    )
'''

_CHANGED = '''
def test_changed():
    assert TREE == snapshot(
        """
            ## lambda_handler
              ## app.refund
        """
    )
'''


@pytest.mark.slow
def test_a_tree_is_a_snapshot_of_syrupy_and_of_inline_snapshot(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugins = ("syrupy", "inline_snapshot")
    test = tmp_path / "test_it.py"
    test.write_text(_SNAPSHOTS + _INLINE)

    first = project.run(tmp_path, "--snapshot-update", "--inline-snapshot=create", plugins=plugins).out
    written = test.read_text()
    kept = next(tmp_path.glob("__snapshots__/*.ambr")).read_text()
    test.write_text(written + _CHANGED)
    again = project.run(tmp_path, "--inline-snapshot=disable", plugins=plugins).out

    assert "2 snapshots generated" in first, first
    assert 'assert TREE == snapshot("""\\\n## lambda_handler\n  ## app.charge\\\n""")' in written
    assert "  ## lambda_handler\n    ## app.charge\n" in kept
    assert "1 failed, 2 passed" in again, again
    assert "the trace differs: - is expected, + is what came" in again
    assert "-   ## app.refund" in again
    assert "+   ## app.charge" in again
