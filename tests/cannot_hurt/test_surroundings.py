"""In every surrounding a decorated call ends as a plain one, with any header and any address of the daemon."""

from __future__ import annotations

import gc
import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_tracer import Tracer, guard, xray_recorder
from tests.cannot_hurt.examples import anything
from tests.cannot_hurt.kinds import KIND, Kind, decorators, function
from tests.cannot_hurt.outcome import check_exception, check_value
from tests.cannot_hurt.records import Records
from tests.cannot_hurt.surroundings import ROOT, SURROUNDINGS
from tests.daemon import Daemon
from tests.hostile.exceptions import EXCEPTIONS
from tests.hostile.values import RECIPES

A_FEW_VALUES = ("cycle", "NaN", "__class__ raises Nasty", "__getattribute__ raises KeyboardInterrupt", "mock")
A_FEW_EXCEPTIONS = ("ordinary", "lonely", "opaque", "odd class", "refuses attributes", "falsy", "SystemExit")


# A socket that is closed while one of these exceptions is being handled would make pytest show the exception, and that
# ends pytest. Whether sockets are closed has a test of its own.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@KIND
def test_decorated_calls_end_as_plain_ones_in_every_surrounding(
    kind: Kind, surrounding: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, quiet: Records
) -> None:
    SURROUNDINGS[surrounding](monkeypatch)
    for decorate in decorators().values():
        for name in A_FEW_VALUES:
            check_value(kind, decorate, RECIPES[name])
        for name in A_FEW_EXCEPTIONS:
            check_exception(kind, decorate, EXCEPTIONS[name])
    daemon.documents()
    if surrounding == "broken emitter":
        assert "the emitter raised" in quiet.text


@pytest.mark.parametrize("surrounding", ["unreachable address", "host of a thousand letters", "no daemon"])
def test_no_socket_is_left_open_by_an_address_that_does_not_work(
    surrounding: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    SURROUNDINGS[surrounding](monkeypatch)
    guard.reraise = False

    @Tracer().capture_method
    def traced() -> None:
        pass

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(5):
            traced()
            gc.collect()

    assert [str(warning.message) for warning in warned] == []


# --- The environment, found by hypothesis --------------------------------------------------------------------------

_HEX = st.text("0123456789abcdefABCDEF", max_size=26)

_HEADER_PART = st.one_of(
    st.builds("Root=1-{}-{}".format, _HEX, _HEX),
    st.just(f"Root={ROOT}"),
    st.builds("Parent={}".format, _HEX),
    st.just("Parent=53995c3f42cd8ad8"),
    st.sampled_from(
        ["Sampled=1", "Sampled=0", "Sampled=?", "Sampled=", "Sampled=2", "Sampled", "Self=1-2-3"]
    ),
    st.sampled_from(["Lineage=a:1|b:2", "=", "", " ", "==", "Root=", "Root=1-5759e988-\u0661\u0662"]),
    st.text(max_size=20),
)

_HEADERS = st.lists(_HEADER_PART, max_size=6).map(";".join) | st.text()


def fits_environment(text: str) -> bool:
    """Whether an environment variable can hold it: no NUL, and no surrogate but those that stand for a byte."""
    return all(
        char != "\0" and (not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff") for char in text
    )


@anything
@given(header=_HEADERS.filter(fits_environment))
@example(header=f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")
def test_any_header_records_well_or_not_at_all(
    header: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    for decorate in decorators().values():
        check_value(function, decorate, object)
        check_exception(function, decorate, EXCEPTIONS["ordinary"])
    xray_recorder.trace_header()
    daemon.documents()
    daemon.clear()


@anything
@given(
    address=st.one_of(
        st.text(max_size=30),
        st.builds(
            "{}{}:{}".format,
            st.sampled_from(["", "udp:", "tcp:127.0.0.1:1 udp:", "udp:udp:"]),
            # No names that a resolver would be asked for.
            st.sampled_from(["127.0.0.1", "", "[::1]", "::1", "[", "0", "1.2.3.4.5..", "é", "\u2024", "-"]),
            st.sampled_from(["0", "1", "65535", "65536", "-1", "", "\u0661", "1" * 5_000, "0x1", "2000:1"]),
        ),
    ).filter(fits_environment)
)
def test_any_daemon_address_is_sent_to_or_reported(
    address: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    xray_recorder.emitter.reset()

    check_value(function, Tracer().capture_method, object)
    ip, port = xray_recorder.emitter.ip, xray_recorder.emitter.port

    assert (ip is None) == (port is None)
    assert port is None or 0 < port < 65_536
    daemon.clear()
