"""UDPEmitter: where documents go, and what happens when they cannot."""

from __future__ import annotations

import socket

import pytest

from lambda_tracer import InvalidDaemonAddressException, UDPEmitter, xray_recorder
from lambda_tracer.send.daemon_address import parse_daemon_address
from tests.daemon import Daemon
from tests.logged import messages
from tests.programs import run


def record(name: str = "work") -> None:
    with xray_recorder.in_subsegment(name):
        pass


@pytest.fixture
def closed_port() -> int:
    """A UDP port on which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


# --- Addresses ----------------------------------------------------------------------------------------------


ACCEPTED = {
    "127.0.0.1:2000": ("127.0.0.1", 2000),
    "localhost:3000": ("localhost", 3000),
    "xray-daemon.internal:2000": ("xray-daemon.internal", 2000),
    "127.0.0.1:2000:extra": ("127.0.0.1", 2000),
    "tcp:127.0.0.1:2000 udp:127.0.0.2:2001": ("127.0.0.2", 2001),
    "udp:127.0.0.2:2001 tcp:127.0.0.1:2000": ("127.0.0.2", 2001),
    "udp:127.0.0.2:2001": ("127.0.0.2", 2001),
    "  tcp:127.0.0.1:2000   udp:127.0.0.2:2001 ": ("127.0.0.2", 2001),
    " 127.0.0.1:2000\n": ("127.0.0.1", 2000),
    "[::1]:2000": ("::1", 2000),
    "udp:[::1]:2000": ("::1", 2000),
}

REJECTED = [
    "",
    " ",
    "127.0.0.1",
    "127.0.0.1:",
    ":2000",
    "127.0.0.1:port",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:²",
    "127.0.0.1:2000 127.0.0.2:2001",
    "127.0.0.1:2000, 127.0.0.2:2001",
    "tcp:127.0.0.1:2000",
    "tcp:127.0.0.1:2000 tcp:127.0.0.2:2001",
    "tcp:127.0.0.1:2000 udp:127.0.0.1",
    "udp:127.0.0.1:2000 udp:127.0.0.2:2001",
    "[::1]",
    "[]:2000",
]


@pytest.mark.parametrize(("address", "target"), ACCEPTED.items())
def test_each_form_of_an_address_is_read(
    address: str, target: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    emitter = UDPEmitter()

    assert parse_daemon_address(address) == target
    assert (emitter.ip, emitter.port) == target


@pytest.mark.parametrize("address", REJECTED)
def test_what_is_no_address_is_refused_with_the_form_that_is_wanted(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidDaemonAddressException, match="expected host:port"):
        parse_daemon_address(address)

    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address or "none")
    assert UDPEmitter().ip is None


def test_the_error_is_a_value_error() -> None:
    assert issubclass(InvalidDaemonAddressException, ValueError)


@pytest.mark.parametrize("form", ["{}", "tcp:127.0.0.1:1 udp:{}", "udp:{} tcp:127.0.0.1:1", "udp:{}", " {} "])
def test_documents_go_to_the_address_of_the_environment(
    form: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", form.format(daemon.address))
    record()

    daemon.expect_tree("work")


def test_the_daemon_may_be_named(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address.replace("127.0.0.1", "localhost"))
    record()

    daemon.expect_tree("work")


def test_the_daemon_may_have_an_address_of_version_6(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        receiver = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        receiver.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with receiver:
        receiver.settimeout(10)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"[::1]:{receiver.getsockname()[1]}")
        record()
        datagram = receiver.recv(65_536)

    assert b'"name":"work"' in datagram


def test_an_emitter_shows_where_it_sends(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    emitter = UDPEmitter()
    assert f"{emitter.ip}:{emitter.port}" == daemon.address
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    assert (emitter.ip, emitter.port) == ("127.0.0.1", 2000)
    emitter.set_daemon_address("10.0.0.1:3000")
    assert (emitter.ip, emitter.port) == ("10.0.0.1", 3000)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "nowhere")
    assert (emitter.ip, emitter.port) == (None, None)


def test_the_environment_wins_over_an_address_that_was_set(daemon: Daemon) -> None:
    xray_recorder.emitter.set_daemon_address("127.0.0.1:1")
    record()

    daemon.expect_tree("work")


def test_an_address_that_was_set_counts_where_the_environment_says_nothing(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    xray_recorder.emitter.set_daemon_address(f"127.0.0.1:{closed_port}")
    record("lost")
    xray_recorder.emitter.set_daemon_address(daemon.address)
    record("found")
    xray_recorder.emitter.set_daemon_address(None)
    record("found again")

    assert [document["name"] for document in daemon.documents()] == ["found", "found again"]


def test_an_address_that_cannot_be_read_is_refused_when_it_is_set(daemon: Daemon) -> None:
    with pytest.raises(InvalidDaemonAddressException, match="expected host:port"):
        xray_recorder.emitter.set_daemon_address("nowhere")
    record()

    daemon.expect_tree("work")


@pytest.mark.parametrize("address", ["nowhere", "", "127.0.0.1:port"])
def test_an_environment_that_cannot_be_read_is_reported_once_and_nothing_is_sent(
    address: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    for _ in range(3):
        record()

    assert [level for level, _ in messages(caplog)] == ["WARNING"]
    assert messages(caplog)[0][1].startswith("AWS_XRAY_DAEMON_ADDRESS: expected host:port")
    assert (xray_recorder.emitter.sent, xray_recorder.emitter.failed) == (0, 3)


# --- Sending ------------------------------------------------------------------------------------------------


def test_an_emitter_counts_what_it_sent(daemon: Daemon) -> None:
    for _ in range(3):
        record()

    assert (xray_recorder.emitter.sent, xray_recorder.emitter.failed) == (3, 0)
    assert len(daemon.documents()) == 3


def test_the_address_is_read_when_the_first_document_is_sent(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    emitter = UDPEmitter()
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
    xray_recorder.configure(emitter=emitter)
    record()
    emitter.reset()

    daemon.expect_tree("work")


def test_after_a_reset_the_next_document_goes_to_the_address_then_in_force(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "nowhere")
    record("lost")
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
    xray_recorder.emitter.reset()
    record("first")
    xray_recorder.emitter.reset()
    xray_recorder.emitter.reset()
    record("second")

    daemon.expect_tree("first\nsecond")


def test_without_a_daemon_the_function_goes_on_and_nothing_is_said_at_every_call(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, closed_port: int
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{closed_port}")
    for _ in range(20):
        record()

    assert xray_recorder.emitter.sent + xray_recorder.emitter.failed == 20
    assert len(messages(caplog)) <= 1


def test_a_daemon_that_starts_late_gets_what_comes_then(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{closed_port}")
    record("before")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
        late.bind(("127.0.0.1", closed_port))
        late.settimeout(10)
        record("after")
        datagram = late.recv(65_536)

    assert b'"name":"after"' in datagram


@pytest.mark.parametrize(
    ("host", "error"),
    [
        pytest.param("no-such-host.invalid", "gaierror", id="unknown"),
        pytest.param("255.255.255.255", "PermissionError", id="not allowed"),
        pytest.param("ü" * 70, "Unicode", id="no host name"),
    ],
)
def test_a_host_that_cannot_be_reached_is_reported_once_and_does_not_reach_the_caller(
    host: str,
    error: str,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"{host}:2000")
    for _ in range(2):
        record()

    [(level, message)] = messages(caplog)
    assert level == "WARNING"
    assert message.startswith("cannot send to the X-Ray daemon (")
    assert message.endswith("): this part of the trace is lost")
    assert error in message
    assert (xray_recorder.emitter.sent, xray_recorder.emitter.failed) == (0, 2)


def test_a_document_that_is_too_large_for_a_datagram_is_counted_and_the_next_one_arrives(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    xray_recorder.emitter.send("x" * 70_000)
    record()

    daemon.expect_tree("work")
    assert (xray_recorder.emitter.sent, xray_recorder.emitter.failed) == (1, 1)
    assert messages(caplog) == [
        ("WARNING", "cannot send to the X-Ray daemon (OSError): this part of the trace is lost")
    ]


@pytest.mark.parametrize(("count", "size"), [(1_000, 0), (50, 40_000)], ids=["many small", "large"])
def test_a_burst_arrives_whole(count: int, size: int, daemon: Daemon) -> None:
    for number in range(count):
        with xray_recorder.in_subsegment("work") as subsegment:
            subsegment.put_annotation("number", number)
            if size:
                subsegment.put_metadata("fill", "x" * size)

    assert [document["annotations"]["number"] for document in daemon.documents()] == list(range(count))


def test_an_entity_is_sent_as_the_sdks_emitter_sends_it(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        pass
    daemon.clear()
    emitter = UDPEmitter()
    emitter.send_entity(subsegment)
    emitter.reset()

    daemon.expect_tree("work")


def test_an_entity_that_is_not_recorded_is_not_sent(daemon: Daemon) -> None:
    emitter = UDPEmitter()
    emitter.send_entity(xray_recorder.current_segment())

    assert daemon.documents() == []
    assert (emitter.sent, emitter.failed) == (0, 0)


@pytest.mark.parametrize("is_keyword", [True, False])
def test_an_emitter_may_be_made_with_its_address(
    is_keyword: bool, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = daemon.address
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    emitter = UDPEmitter(daemon_address=address) if is_keyword else UDPEmitter(address)
    xray_recorder.configure(emitter=emitter)

    with xray_recorder.in_subsegment("work"):
        pass

    daemon.expect_tree("work")
    emitter.reset()


@pytest.mark.parametrize("address", ["nonsense", "host:99999", "tcp:127.0.0.1:2000", 5, b"127.0.0.1:2000"])
def test_an_emitter_refuses_an_address_that_is_none(address: str) -> None:
    with pytest.raises(InvalidDaemonAddressException):
        UDPEmitter(address)


# --- Host names ---------------------------------------------------------------------------------------------

RESOLVERS = {
    "slowly": "time.sleep(3); return real('127.0.0.1', port, *more)",
    "never": "threading.Event().wait()",
    "to nothing": "return []",
    "to an error": "raise OSError",
    "to another kind of error": "raise UnicodeError",
    "to no address": "return [(2, 2, 17, '', ('no address at all', port))]",
}


@pytest.mark.parametrize("name", RESOLVERS)
def test_a_host_name_that_resolves_badly_makes_nobody_wait_for_longer_than_once(
    name: str, daemon: Daemon
) -> None:
    """A hundred calls would wait for minutes if each did."""
    port = daemon.address.rpartition(":")[2]
    run(f"""
import _socket
real = _socket.getaddrinfo

def getaddrinfo(host, port, *more):
    {RESOLVERS[name]}

_socket.getaddrinfo = getaddrinfo
os.environ["AWS_XRAY_DAEMON_ADDRESS"] = "daemon.invalid:{port}"
logging.getLogger("lambda_tracer").setLevel(logging.CRITICAL)
began = time.monotonic()
for number in range(100):
    invoke(number)
    work()
assert time.monotonic() - began < 20
assert guard.failures == 0
time.sleep(5 if "slowly" == {name!r} else 0)
sys.stdout.flush()
os._exit(0)
""")

    subsegments = daemon.subsegments()
    assert len(subsegments) == (100 if name == "slowly" else 0)
