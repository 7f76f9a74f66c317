"""W3C trace context: what is valid of what comes in, and what goes out."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.trace import running, w3c
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(
    "text", [VALID, VALID[:-2] + "00", f"cc-{TRACE}-{PARENT}-01", f"01-{TRACE}-{PARENT}-01-what-comes-later"]
)
def test_a_traceparent_is_read_whatever_its_flags_and_later_versions_are(text: str) -> None:
    assert w3c.parse(text) == ("1-4bf92f35-77b34da6a3ce929d0e0e4736", PARENT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        VALID[:-1],
        VALID + "-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"01-{TRACE}-{PARENT}-01.later",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-0x",
        f"00-{TRACE[:-1]}g-{PARENT}-01",
        f"00_{TRACE}_{PARENT}_01",
        f"{VALID},{VALID}",
    ],
)
def test_a_traceparent_that_is_not_valid_is_none(text: str) -> None:
    assert w3c.parse(text) is None


@pytest.mark.parametrize(
    ("tracestate", "is_valid"),
    [
        ("vendor=position", True),
        ("a=1, tenant@vendor=2 ,,c=x y:z", True),
        (",".join(f"k{number}=1" for number in range(32)), True),
        (",".join(f"k{number}=1" for number in range(33)), False),
        (f"a={'x' * 4_094}", True),
        (f"a={'x' * 4_095}", False),
        ("a=1,a=2", False),
        ("a", False),
        ("=1", False),
        ("A=1", False),
        ("a=1=2", False),
        ("a=\u00e4", False),
        ("a=1\r\nX-Other: 1", False),
        ("", False),
    ],
)
def test_a_tracestate_is_taken_whole_or_not_at_all(tracestate: str, is_valid: bool) -> None:
    assert w3c.Incoming(VALID, tracestate).tracestate == (tracestate if is_valid else None)
    assert w3c.Incoming("", tracestate).tracestate is None


@pytest.mark.parametrize(
    ("baggage", "is_valid"),
    [
        ("tenant=7", True),
        ("tenant = 7;secret;kind = x , plan=%20free", True),
        (",".join(f"k{number}=1" for number in range(64)), True),
        (",".join(f"k{number}=1" for number in range(65)), False),
        (f"a={'x' * 8_190}", True),
        (f"a={'x' * 8_191}", False),
        ("tenant", False),
        ("a=1,,b=2", False),
        (" =1", False),
        ("a=\u00e4", False),
        ("a=1\nX-Other: 1", False),
    ],
)
def test_baggage_is_taken_whole_or_not_at_all_and_needs_no_traceparent(baggage: str, is_valid: bool) -> None:
    assert w3c.Incoming(None, None, baggage).baggage == (baggage if is_valid else None)


# What goes out


def of(root: str, parent: str, flag: int) -> str:
    return f"00-{root[2:10]}{root[11:]}-{parent}-0{flag}"


def test_the_context_names_the_current_subsegment_in_both_forms(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke(Lineage="1:2:3")

    before = Tracer().trace_context()
    with xray_recorder.in_subsegment("pay") as pay:
        within = xray_recorder.trace_context()

    assert before == {
        "X-Amzn-Trace-Id": invocation.header,
        "traceparent": of(invocation.root, invocation.parent, 1),
    }
    assert within == {
        "X-Amzn-Trace-Id": f"Root={invocation.root};Parent={pay.id};Sampled=1;Lineage=1:2:3",
        "traceparent": of(invocation.root, pay.id, 1),
    }
    daemon.expect_tree("pay")


def test_an_unsampled_context_says_so(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke(sampled=0)

    assert Tracer().trace_context() == {
        "X-Amzn-Trace-Id": invocation.header,
        "traceparent": of(invocation.root, invocation.parent, 0),
    }


def test_a_traceparent_is_in_small_letters(daemon: Daemon, invoke: Invoke) -> None:
    invoke(root="1-5759E988-BD862E3FE1BE46A994272793", parent="53995C3F42CD8AD8")

    assert (
        Tracer().trace_context()["traceparent"] == "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
    )


@pytest.mark.parametrize(
    "header",
    [
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        "Root=1-5759e988-bd862e3fe1be46a994272793",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000;Sampled=0",
        "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8;Sampled=0",
        "Root=nonsense;Parent=53995c3f42cd8ad8;Sampled=0",
    ],
)
def test_what_a_traceparent_cannot_say_only_the_trace_header_says(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)

    assert xray_recorder.trace_context() == {"X-Amzn-Trace-Id": header}


def test_without_a_trace_without_tracing_and_with_another_provider_the_context_is_empty(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign: Any = object()

    assert Tracer(disabled=True, auto_patch=False).trace_context() == {}
    assert Tracer(disabled=False, auto_patch=False, provider=foreign).trace_context() == {}
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    assert xray_recorder.trace_context() == {}


def test_a_context_without_a_decision_is_that_which_came_in(daemon: Daemon, invoke: Invoke) -> None:
    """Lambda passes it through: who is called decides, and goes on with the caller's trace as if we were not there."""
    header = invoke(parent="", sampled=None).header
    came = {"traceparent": VALID, "tracestate": "a=1", "baggage": "b=2"}
    running.current().incoming = came

    assert xray_recorder.trace_context() == {"X-Amzn-Trace-Id": header, **came}


@pytest.mark.parametrize(
    ("propagators", "names"),
    [
        ("", "X-Amzn-Trace-Id traceparent tracestate baggage"),
        ("xray,tracecontext,baggage", "X-Amzn-Trace-Id traceparent tracestate baggage"),
        ("xray", "X-Amzn-Trace-Id"),
        (" XRay , tracecontext ", "X-Amzn-Trace-Id traceparent tracestate"),
        ("tracecontext", "traceparent tracestate"),
        ("baggage", "baggage"),
        ("none", ""),
    ],
)
def test_what_the_context_has_can_be_chosen(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, propagators: str, names: str
) -> None:
    root = invoke().root
    running.current().incoming = {
        "traceparent": of(root, PARENT, 1),
        "tracestate": "a=1",
        "baggage": "b=2",
    }
    monkeypatch.setenv("LAMBDA_TRACER_PROPAGATORS", propagators)

    assert list(xray_recorder.trace_context()) == names.split()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("b3", "xray tracecontext baggage"),
        ("xray,b3multi", "xray"),
        ("tracecontext,secret,baggage", "tracecontext baggage"),
        ("none,jaeger", ""),
    ],
)
def test_an_unknown_propagator_is_said_once_and_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str, names: str
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_PROPAGATORS", text)

    assert w3c.propagators() == set(names.split())
    assert w3c.propagators() == set(names.split())

    assert messages(caplog) == [
        (
            "WARNING",
            "LAMBDA_TRACER_PROPAGATORS: only xray, tracecontext, baggage and none are known: the rest is left out",
        )
    ]
