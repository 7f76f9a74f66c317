"""Invocations: what the trace header decides, where one invocation ends and the next begins, cold starts."""

from __future__ import annotations

import os

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke, new_trace_id
from tests.daemon import Daemon
from tests.tree import expect_tree

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


@tracer.capture_lambda_handler
def handler(event: dict[str, object], context: object) -> None:
    with xray_recorder.in_subsegment("work"):
        if "error" in event:
            raise ValueError("no")


def test_what_a_sampled_invocation_records_hangs_under_lambdas_segment(
    daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke()
    with xray_recorder.in_subsegment("work"):
        pass

    [document] = daemon.documents()
    assert document["trace_id"] == invocation.root
    assert document["parent_id"] == invocation.parent
    assert document["type"] == "subsegment"


def test_further_keys_in_the_header_change_nothing(daemon: Daemon, invoke: Invoke) -> None:
    invoke(Lineage="25:3d7b4a1:0", other="x")
    with xray_recorder.in_subsegment("work"):
        pass

    daemon.expect_tree("work")


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f"Root={new_trace_id()};Parent={'a' * 16};Sampled=0", id="not sampled"),
        pytest.param(f"Root={new_trace_id()};Parent={'a' * 16};Sampled=?", id="undecided"),
        pytest.param(f"Root={new_trace_id()};Sampled=0", id="not sampled, without a parent"),
        pytest.param(f"Root={new_trace_id()};Lineage=25:3d7b4a1:0", id="passed through"),
        pytest.param(f"Root={new_trace_id()}", id="Root alone"),
        pytest.param("", id="empty"),
    ],
)
def test_an_invocation_that_is_not_to_be_recorded_records_nothing_and_says_nothing(
    header: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    handler({}, None)

    assert daemon.documents() == []
    assert caplog.records == []


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("garbage", id="no header at all"),
        pytest.param(f"Parent={'a' * 16};Sampled=1", id="no Root"),
        pytest.param(f"Root={new_trace_id()};Sampled=1", id="no Parent"),
        pytest.param(f"Root={new_trace_id()};Parent={'a' * 16};Sampled=2", id="a strange decision"),
        pytest.param(f"Root={new_trace_id()[:-1]};Parent={'a' * 16};Sampled=1", id="Root too short"),
        pytest.param(f"Root=2{new_trace_id()[1:]};Parent={'a' * 16};Sampled=1", id="Root of another version"),
        pytest.param(f"Root={new_trace_id()[:-1]}g;Parent={'a' * 16};Sampled=1", id="Root not hexadecimal"),
        pytest.param(f"Root={new_trace_id()};Parent={'a' * 15};Sampled=1", id="Parent too short"),
        pytest.param(f"Root={new_trace_id()};Parent={'x' * 16};Sampled=1", id="Parent not hexadecimal"),
        pytest.param(f'Root={new_trace_id()};Parent="{"a" * 14}";Sampled=1', id="a quotation mark"),
        pytest.param("\udcff\udcfe", id="bytes that are no text"),
    ],
)
def test_a_header_that_cannot_be_read_records_nothing_and_is_reported_once(
    header: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    handler({}, None)
    handler({}, None)

    assert daemon.documents() == []
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "_X_AMZN_TRACE_ID is not a trace header with Root, Parent and Sampled: nothing is recorded",
        )
    ]


def test_without_a_header_nothing_is_recorded_and_nothing_said(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    handler({}, None)

    assert daemon.documents() == []
    assert caplog.records == []


def test_a_header_that_goes_away_takes_the_trace_with_it(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler({}, None)
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    handler({}, None)

    daemon.expect_tree("""
        ## handler
          work
    """)


def test_each_invocation_has_its_own_trace(daemon: Daemon, invoke: Invoke) -> None:
    first = invoke()
    handler({}, None)
    second = invoke()
    handler({}, None)

    assert [document["trace_id"] for document in daemon.documents()] == [first.root, second.root]


def test_a_retry_with_the_same_root_is_another_invocation(daemon: Daemon, invoke: Invoke) -> None:
    first = invoke()
    handler({}, None)
    retry = invoke(root=first.root)
    handler({}, None)

    assert [document["parent_id"] for document in daemon.documents()] == [first.parent, retry.parent]


def test_a_retry_that_is_not_sampled_records_nothing(daemon: Daemon, invoke: Invoke) -> None:
    first = invoke()
    handler({}, None)
    invoke(root=first.root, sampled=0)
    handler({}, None)

    assert len(daemon.documents()) == 1


def test_what_an_earlier_invocation_left_open_is_never_a_parent(daemon: Daemon, invoke: Invoke) -> None:
    invoke()
    xray_recorder.begin_subsegment("left open")
    invoke()
    with xray_recorder.in_subsegment("work"):
        pass

    daemon.expect_tree("""
        left open  in progress
        work
    """)


def test_what_is_left_open_arrives_in_its_own_trace_when_the_next_invocation_begins(
    daemon: Daemon, invoke: Invoke
) -> None:
    first = invoke()
    xray_recorder.begin_subsegment("left open")
    xray_recorder.begin_subsegment("below")
    with xray_recorder.in_subsegment("finished"):
        pass
    invoke()
    handler({}, None)

    left = [document for document in daemon.subsegments() if document["trace_id"] == first.root]
    expect_tree(
        left,
        """
        left open  in progress
          below  in progress
            finished
    """,
    )


def test_what_is_closed_after_its_invocation_replaces_what_was_sent_in_progress(
    daemon: Daemon, invoke: Invoke
) -> None:
    first = invoke()
    late = xray_recorder.begin_subsegment("late")
    invoke()
    handler({}, None)
    late.put_annotation("finished", True)
    late.close()

    document = daemon.subsegment("late")
    assert document["trace_id"] == first.root
    assert document["annotations"] == {"finished": True}
    assert document["end_time"] > document["start_time"]


def test_the_handler_begins_an_invocation_even_when_the_header_is_the_last_one(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def leaves_one_open(event: object, context: object) -> None:
        xray_recorder.begin_subsegment("left open")

    leaves_one_open({}, None)
    handler({}, None)

    daemon.expect_tree("""
        ## leaves_one_open
          left open  in progress
        ## handler
          work
    """)


def test_what_is_open_above_the_handler_is_its_parent(daemon: Daemon) -> None:
    """A middleware, whether it leaves a block or ends what it began."""
    with xray_recorder.in_subsegment("## middleware"):
        handler({}, None)
    xray_recorder.begin_subsegment("## another")
    handler({}, None)
    xray_recorder.end_subsegment()
    handler({}, None)

    daemon.expect_tree("""
        ## middleware
          ## handler
            work
        ## another
          ## handler
            work
        ## handler
          work
    """)


def test_only_the_outermost_handler_begins_an_invocation(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def outer(event: dict[str, object], context: object) -> None:
        with xray_recorder.in_subsegment("dispatch"):
            handler(event, context)

    outer({}, None)

    daemon.expect_tree("""
        ## outer
          dispatch
            ## handler
              work
    """)


def test_after_a_failed_handler_the_next_one_begins_an_invocation_again(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="no"):
        handler({"error": True}, None)
    handler({}, None)

    daemon.expect_tree("""
        ## handler  fault ValueError
          work  fault ValueError
        ## handler
          work
    """)


def test_the_environment_may_be_a_plain_dict(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    handler({}, None)

    daemon.expect_tree("""
        ## handler
          work
    """)


def cold_starts(daemon: Daemon) -> list[bool]:
    return [document["annotations"]["ColdStart"] for document in daemon.documents()]


def test_only_the_first_handler_of_a_process_is_a_cold_start(daemon: Daemon, invoke: Invoke) -> None:
    for _ in range(3):
        invoke()
        handler({}, None)

    assert cold_starts(daemon) == [True, False, False]


def test_a_handler_that_fails_was_the_cold_start(daemon: Daemon, invoke: Invoke) -> None:
    with pytest.raises(ValueError, match="no"):
        handler({"error": True}, None)
    invoke()
    handler({}, None)

    assert cold_starts(daemon) == [True, False]


def test_a_handler_that_is_not_sampled_was_the_cold_start(daemon: Daemon, invoke: Invoke) -> None:
    invoke(sampled=0)
    handler({}, None)
    invoke()
    handler({}, None)

    assert cold_starts(daemon) == [False]


def test_a_handler_of_a_disabled_tracer_was_the_cold_start(daemon: Daemon) -> None:
    @Tracer(disabled=True, auto_patch=False).capture_lambda_handler
    def untraced(event: object, context: object) -> None: ...

    untraced({}, None)
    Tracer(disabled=False)
    handler({}, None)

    assert cold_starts(daemon) == [False]


def test_of_two_stacked_handlers_the_inner_one_completes_first_and_is_the_cold_start(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def outer(event: dict[str, object], context: object) -> None:
        handler(event, context)

    outer({}, None)

    assert daemon.subsegment("## handler")["annotations"]["ColdStart"] is True
    assert daemon.subsegment("## outer")["annotations"]["ColdStart"] is False


def test_provisioned_concurrency_has_no_cold_start(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency")
    handler({}, None)
    monkeypatch.delenv("AWS_LAMBDA_INITIALIZATION_TYPE")
    invoke()
    handler({}, None)

    assert cold_starts(daemon) == [False, False]


@pytest.mark.parametrize("kind", ["on-demand", "snap-start", "lambda-managed-instances", ""])
def test_every_other_initialization_type_has_one(
    kind: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    handler({}, None)

    assert cold_starts(daemon) == [True]
