"""Sending: an invocation is few, full documents; what has to leave earlier does, and nothing that closed is dropped."""

from __future__ import annotations

import threading

import pytest

from lambda_tracer import Recorder, xray_recorder
from lambda_tracer.send import outbox
from lambda_tracer.xray import MAX_DATAGRAM_BYTES
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.tree import tree


def child(name: str, size: int = 0) -> None:
    """A subsegment that is `size` bytes and a few more."""
    with xray_recorder.in_subsegment(name) as subsegment:
        if size:
            subsegment.put_metadata("fill", "x" * size)


def test_an_invocation_is_one_datagram(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        for number in range(100):
            with xray_recorder.in_subsegment(f"outer {number}"):
                child("inner")

    assert len(daemon.datagrams()) == 1
    assert len(daemon.subsegments()) == 201


def test_two_outermost_subsegments_are_two_datagrams(daemon: Daemon) -> None:
    child("first")
    child("second")

    assert [document["name"] for document in daemon.documents()] == ["first", "second"]


def test_when_too_much_waits_the_oldest_leave_and_just_enough_of_them(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        for number in range(5):
            child(f"child {number}", 10_000)
        left = [document["name"] for document in daemon.documents()]

    assert left == ["child 0"]
    assert [document["name"] for document in daemon.documents()] == ["child 0", "handler"]
    daemon.expect_tree("""
        handler
          child 0
          child 1
          child 2
          child 3
          child 4
    """)


def test_what_waits_in_one_parent_does_not_push_out_what_waits_in_another(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        child("beside", 30_000)
        with xray_recorder.in_subsegment("method"):
            child("inside", 30_000)
            assert daemon.documents() == []

    assert len(daemon.subsegments()) == 4


def test_a_child_that_fills_a_datagram_leaves_at_once_and_its_siblings_stay(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        child("small before")
        child("large", 60_000)
        assert [document["name"] for document in daemon.documents()] == ["large"]
        child("small after")

    assert [len(document.get("subsegments", ())) for document in daemon.documents()] == [0, 2]


def test_a_parent_that_is_large_itself_lets_its_children_leave(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(4):
            child(f"child {number}", 10_000)
        handler.put_metadata("fill", "x" * 60_000)

    assert all(len(datagram) <= MAX_DATAGRAM_BYTES for datagram in daemon.datagrams())
    daemon.expect_tree("""
        handler
          child 0
          child 1
          child 2
          child 3
    """)
    assert daemon.subsegment("handler")["metadata"]["default"]["fill"] == "x" * 60_000


def test_the_next_to_close_sends_all_that_has_waited_too_long(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    with xray_recorder.in_subsegment("handler"):
        child("first")
        child("second")
        assert daemon.documents() == []
        monkeypatch.setattr(outbox, "MAX_WAITING_S", 0.0)
        child("third")
        assert [document["name"] for document in daemon.documents()] == ["first", "second", "third"]
        monkeypatch.setattr(outbox, "MAX_WAITING_S", 3600.0)
        child("fourth")
        assert len(daemon.documents()) == 3

    daemon.expect_tree("""
        handler
          first
          second
          third
          fourth
    """)


def test_how_long_something_waited_is_counted_anew_in_each_invocation(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    with xray_recorder.in_subsegment("first handler"):
        child("child")
    daemon.clear()
    monkeypatch.setattr(outbox, "MAX_WAITING_S", 0.0)
    for _ in range(2):
        with xray_recorder.in_subsegment("handler"):
            child("child")

    assert [len(document["subsegments"]) for document in daemon.documents()] == [1, 1]


def test_documents_nest_no_deeper_than_fifty_levels(daemon: Daemon) -> None:
    def down(levels: int) -> None:
        with xray_recorder.in_subsegment(f"level {levels}"):
            if levels > 1:
                down(levels - 1)

    down(120)

    levels = []
    for document in daemon.documents():
        levels.append(1)
        while document.get("subsegments"):
            [document] = document["subsegments"]
            levels[-1] += 1
    assert levels == [50, 50, 20]
    assert len(str(tree(daemon)).splitlines()[-1]) == 2 * 119 + len("level 1")


def test_a_child_that_outlives_its_parent_is_sent_in_progress_and_again_when_it_ends(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        late = xray_recorder.begin_subsegment("late")
    daemon.expect_tree("handler\n  late  in progress")

    late.put_annotation("finished", True)
    late.close()

    daemon.expect_tree('handler\n  late  {"finished": true}', annotations=True)
    assert len(daemon.documents()) == 3


def test_a_parent_that_closes_before_its_child_does_not_wait_for_it(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        early = xray_recorder.begin_subsegment("early")
        late = xray_recorder.begin_subsegment("late")
        early.close()
        late.close()

    daemon.expect_tree("""
        handler
          early
            late
    """)


def test_what_is_opened_below_one_that_was_left_behind_is_below_it(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        late = xray_recorder.begin_subsegment("late")
    xray_recorder.set_trace_entity(late)
    with xray_recorder.in_subsegment("later still"):
        pass
    late.close()

    daemon.expect_tree("""
        handler
          late
            later still
    """)


def test_sending_at_once_leaves_what_is_open_open(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"), xray_recorder.in_subsegment("method"):
        child("first")
        xray_recorder.stream_subsegments()
        assert [document["name"] for document in daemon.documents()] == ["first"]
        child("second")

    daemon.expect_tree("""
        handler
          method
            first
            second
    """)


def test_sending_at_once_with_nothing_to_send_sends_nothing(daemon: Daemon) -> None:
    xray_recorder.stream_subsegments()
    with xray_recorder.in_subsegment("handler"):
        xray_recorder.stream_subsegments()
        assert daemon.documents() == []

    daemon.expect_tree("handler")


def test_threads_finish_below_one_parent_without_losing_anything(daemon: Daemon) -> None:
    def work(entity: object, thread: int) -> None:
        xray_recorder.set_trace_entity(entity)
        for number in range(100):
            child(f"{thread}/{number}", 500)

    with xray_recorder.in_subsegment("handler") as handler:
        threads = [threading.Thread(target=work, args=(handler, thread)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    subsegments = daemon.subsegments()
    expected = {f"{thread}/{number}" for thread in range(4) for number in range(100)}
    assert {part["name"] for part in subsegments} == {"handler", *expected}
    assert {part["parent_id"] for part in subsegments if part["name"] != "handler"} == {handler.id}


# --- Emitters of one's own ----------------------------------------------------------------------------------


class Sends:
    """An emitter that takes documents."""

    def __init__(self) -> None:
        self.documents: list[str] = []

    def send(self, document: str) -> None:
        self.documents.append(document)


class SendsEntities:
    """An emitter as the X-Ray SDK knows them."""

    def __init__(self) -> None:
        self.documents: list[str] = []

    def send_entity(self, entity: object) -> None:
        self.documents.append(entity.serialize())  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [Sends, SendsEntities])
def test_an_emitter_of_ones_own_gets_every_document(
    kind: type[Sends | SendsEntities], daemon: Daemon
) -> None:
    emitter = kind()
    recorder = Recorder()
    recorder.configure(emitter=emitter)
    with recorder.in_subsegment("outer"), recorder.in_subsegment("inner"):
        pass

    [document] = emitter.documents
    assert document.startswith('{"trace_id":"1-')
    assert '"subsegments":[{' in document


def test_an_emitter_that_fails_does_not_reach_the_caller(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Fails:
        def send(self, document: str) -> None:
            raise RuntimeError("secret")

    monkeypatch.setattr("lambda_tracer.guard.reraise", False)
    xray_recorder.configure(emitter=Fails())
    child("first")
    child("second")

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "secret" not in caplog.text
