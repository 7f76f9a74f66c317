"""TraceHeader: what is read from a header, and what is written back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lambda_tracer import TraceHeader
from lambda_tracer.trace.invocation import Invocation

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"


def test_a_header_is_taken_apart() -> None:
    header = TraceHeader.from_header_str(f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=25:3d7b4a1:0;k=v")

    assert header.root == ROOT
    assert header.parent == PARENT
    assert header.sampled == 1
    assert header.data == {"Lineage": "25:3d7b4a1:0", "k": "v"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Root={ROOT};Parent={PARENT};Sampled=1", id="sampled"),
        pytest.param(f"Root={ROOT};Parent={PARENT};Sampled=0", id="not sampled"),
        pytest.param(f"Root={ROOT};Sampled=?", id="undecided"),
        pytest.param(f"Root={ROOT};Lineage=25:3d7b4a1:0", id="passed through"),
        pytest.param(
            f"Root={ROOT};Parent={PARENT};Sampled=1;b=2;a=1;Lineage=x", id="further keys in their order"
        ),
        pytest.param(f"Root={ROOT};Sampled=1;token=a=b==", id="equals signs in a value"),
        pytest.param(f"Root={ROOT};flag;empty=", id="an item without a value and one with an empty one"),
        pytest.param("Lineage=1:a:0", id="nothing but a further key"),
        pytest.param("", id="empty"),
    ],
)
def test_what_was_read_is_written_back(text: str) -> None:
    assert TraceHeader.from_header_str(text).to_header_str() == text


def test_what_a_load_balancer_says_about_itself_is_dropped() -> None:
    header = TraceHeader.from_header_str(f"Self=1-67891234-12456789abcdef012345678;Root={ROOT};Sampled=1")

    assert header.data is None
    assert header.to_header_str() == f"Root={ROOT};Sampled=1"


def test_a_load_balancer_that_says_nothing_about_itself_is_dropped_too() -> None:
    assert TraceHeader.from_header_str(f"Self;Root={ROOT}").to_header_str() == f"Root={ROOT}"


def test_parts_are_written_in_the_order_that_every_reader_knows() -> None:
    header = TraceHeader.from_header_str(f"Lineage=x;Sampled=1;Parent={PARENT};Root={ROOT}")

    assert header.to_header_str() == f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=x"


def test_space_around_keys_and_values_is_dropped() -> None:
    header = TraceHeader.from_header_str(f" Root = {ROOT} ; Parent={PARENT}; Sampled=1 ;  Lineage = x ")

    assert header.to_header_str() == f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=x"


def test_the_last_of_several_equal_keys_wins() -> None:
    header = TraceHeader.from_header_str(f"Sampled=1;Root=first;k=1;Root={ROOT};Sampled=0;k=2")

    assert header.to_header_str() == f"Root={ROOT};Sampled=0;k=2"


def test_empty_items_are_passed_over() -> None:
    assert (
        TraceHeader.from_header_str(f";;Root={ROOT};;Sampled=1;").to_header_str() == f"Root={ROOT};Sampled=1"
    )


@pytest.mark.parametrize("nothing", [None, "", " ", ";", 5, b"Root=1", ["Root=1"]])
def test_what_is_no_header_gives_an_empty_one(nothing: Any) -> None:
    header = TraceHeader.from_header_str(nothing)

    assert (header.root, header.parent, header.sampled, header.data) == (None, None, None, None)
    assert header.to_header_str() == ""


@pytest.mark.parametrize("text", ["true", "2", "10", "", "yes", "1,0"])
def test_a_sampling_decision_of_other_words_counts_as_not_said(text: str) -> None:
    header = TraceHeader.from_header_str(f"Root={ROOT};Sampled={text}")

    assert header.sampled is None
    assert header.to_header_str() == f"Root={ROOT}"


def test_keys_are_case_sensitive() -> None:
    header = TraceHeader.from_header_str(f"root={ROOT};sampled=1")

    assert header.root is None
    assert header.sampled is None
    assert header.data == {"root": ROOT, "sampled": "1"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        *((one, 1) for one in (True, 1, "1")),
        *((zero, 0) for zero in (False, 0, "0")),
        ("?", "?"),
        *((other, None) for other in (None, 2, "true", [], {}, object())),
    ],
)
def test_a_decision_may_be_given_in_every_usual_form(given: Any, kept: object) -> None:
    assert TraceHeader(sampled=given).sampled == kept


def test_a_header_is_put_together_from_its_parts() -> None:
    header = TraceHeader(root=ROOT, parent=PARENT, sampled=True, data={"Lineage": "x"})

    assert header.to_header_str() == f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=x"


def test_an_empty_header_has_no_text() -> None:
    assert TraceHeader().to_header_str() == ""


def test_a_header_keeps_a_copy_of_the_data_it_is_given() -> None:
    data = {"Lineage": "x"}
    header = TraceHeader(data=data)
    data["Lineage"] = "y"

    assert header.data == {"Lineage": "x"}


def test_a_header_shows_its_text_in_a_debugger() -> None:
    assert repr(TraceHeader(root=ROOT, sampled=0)) == f"TraceHeader('Root={ROOT};Sampled=0')"


USUAL = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.mark.parametrize(
    "text",
    [
        *(USUAL, USUAL[:-1] + "0", USUAL[:-1] + "?", USUAL[:-1] + "2", USUAL[:-1], USUAL + " ", " " + USUAL),
        *(USUAL.upper().replace("ROOT", "Root"), USUAL.replace("1-", "2-", 1), USUAL.replace("-bd", "_bd")),
        *(
            USUAL.replace("53995c", "53995g"),
            USUAL.replace("53995c", "53995\u00e9"),
            USUAL.replace(";", "; "),
        ),
        *(USUAL + ";Lineage=a87bd80c:0|68fd508a:5|c512fbe3:2", USUAL + ";Lineage=1=2", USUAL + ";"),
        *(
            USUAL + ";Sampled=0",
            USUAL + ";Lineage=1;Sampled=0",
            USUAL + ";Lineage=1;Root=1-2-3",
            USUAL + ";a",
        ),
        *(USUAL + ";Lineage=\u00e9\n", USUAL + "1", "Root=1-" + "5" * 200, ""),
    ],
)
def test_an_invocation_reads_the_usual_form_at_fixed_places_to_the_same_end(text: str) -> None:
    raw = text.encode()

    usual, general = Invocation(raw), TraceHeader.from_header_str(text)

    general.keep_what_can_be_sent()
    assert (usual.trace_id, usual.parent_id) == (general.root or "", general.parent or "")
    could_be_read = re.fullmatch("1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}", usual.trace_id) is not None
    could_be_read = could_be_read and re.fullmatch("[0-9a-fA-F]{16}", usual.parent_id) is not None
    assert usual.is_sampled == (general.sampled == 1 and could_be_read)
    assert usual.header.to_header_str() == general.to_header_str()
