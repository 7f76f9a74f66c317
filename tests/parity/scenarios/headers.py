"""`TraceHeader`, and the forms of the daemon's address."""

from __future__ import annotations

from typing import Any

from tests.parity.lab import Lab, scenario

ROOT = "1-67891233-" + "a" * 24
PARENT = "f" * 16


def _parsed(label: str, header: Any, *differs: str) -> None:
    @scenario(*differs, name=f"parse {label}")
    def run(lab: Lab) -> None:
        parsed = lab.TraceHeader.from_header_str(header)
        lab.note("root", parsed.root)
        lab.note("parent", parsed.parent)
        lab.note("sampled", parsed.sampled)
        lab.note("data", parsed.data or {})
        lab.note("order of data", list(parsed.data or {}))
        lab.note("formatted", parsed.to_header_str())


_parsed("full", f"Root={ROOT};Parent={PARENT};Sampled=1")
_parsed("in another order", f"Sampled=0;Parent={PARENT};Root={ROOT}")
_parsed("undecided", f"Root={ROOT};Sampled=?")
_parsed("root alone", f"Root={ROOT}")
_parsed("lineage", f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:2|3:4")
_parsed("pass-through", f"Root={ROOT};Lineage=25:abc:0")
_parsed("self", f"Self=1-abc;Root={ROOT};Parent={PARENT};Sampled=1")
_parsed("self without a value", f"Self;Root={ROOT};Sampled=1")
_parsed("data of one's own in order", f"z=1;Root={ROOT};a=2;Sampled=1;m=3")
_parsed("other words for sampled", f"Root={ROOT};Parent={PARENT};Sampled=true")
_parsed("sampled 2", f"Root={ROOT};Parent={PARENT};Sampled=2")
_parsed("sampled empty", f"Root={ROOT};Parent={PARENT};Sampled=")
_parsed("keys in another case", f"root={ROOT};PARENT={PARENT};sampled=1")
_parsed("space around", f"  Root={ROOT};Parent={PARENT};Sampled=1 \n")
_parsed("same key twice", f"Root=1;Root={ROOT};Sampled=0;Sampled=1;a=1;a=2")
_parsed("empty root and parent", "Root=;Parent=;Sampled=1")
_parsed("none", None)
_parsed("empty", "")
_parsed("space after semicolons", f"Root={ROOT}; Parent={PARENT}; Sampled=1", "headers-are-read-leniently")
_parsed("second equals sign", f"Root={ROOT};Sampled=1;query=a=b", "headers-are-read-leniently")
_parsed("trailing semicolon", f"Root={ROOT};Parent={PARENT};Sampled=1;", "headers-are-read-leniently")
_parsed(
    "element without a value", f"Root={ROOT};Parent={PARENT};Sampled=1;flag", "headers-are-read-leniently"
)
_parsed("garbage", "no header at all", "headers-are-read-leniently")


@scenario()
def made_of_parts(lab: Lab) -> None:
    for number, sampled in enumerate((1, "1", True, 0, "0", False, "?", None, 2, "yes", "")):
        header = lab.TraceHeader(root=ROOT, parent=PARENT, sampled=sampled)
        lab.note(f"{number}: {sampled!r}", [header.sampled, header.to_header_str()])
    lab.note("nothing", lab.TraceHeader().to_header_str())
    lab.note("root", lab.TraceHeader(ROOT).to_header_str())
    header = lab.TraceHeader(ROOT, PARENT, 1, {"Lineage": "1:2", "own": "x"})
    lab.note("data", [header.data, header.to_header_str()])
    lab.note("attributes", [header.root, header.parent, header.sampled])


def _address(label: str, address: str, *differs: str) -> None:
    def outcome(lab: Lab) -> Any:
        try:
            emitter = lab.UDPEmitter()
            if lab.recorder is not None:
                emitter.set_daemon_address(address)
            return [emitter.ip, emitter.port]
        except Exception as error:
            return type(error).__name__

    @scenario(*differs, name=f"address {label}")
    def run(lab: Lab) -> None:
        lab.environ(AWS_XRAY_DAEMON_ADDRESS=None)
        lab.note("given", outcome(lab))


_address("host and port", "127.0.0.1:3000")
_address("name and port", "localhost:3000")
_address("tcp and udp", "tcp:127.0.0.1:2000 udp:127.0.0.2:2001")
_address("udp and tcp", "udp:127.0.0.2:2001 tcp:127.0.0.1:2000")
_address("something behind the port", "127.0.0.1:3000:tail")
_address("empty", "")
_address("no port", "127.0.0.1")
_address("port that is no number", "127.0.0.1:port")
_address("udp alone", "udp:127.0.0.1:3000", "addresses-are-read-leniently")
_address("two tcp parts", "tcp:127.0.0.1:3000 tcp:127.0.0.1:3001")
_address("space before", " 127.0.0.1:3000", "addresses-are-read-leniently")
_address("space behind", "127.0.0.1:3000 ", "addresses-are-read-leniently")
_address("two spaces", "tcp:127.0.0.1:2000  udp:127.0.0.2:2001", "addresses-are-read-leniently")
_address("comma", "tcp:127.0.0.1:2000,udp:127.0.0.2:2001")
_address("IPv6", "[::1]:2000", "addresses-are-read-leniently")
_address("port out of range", "127.0.0.1:70000", "addresses-are-read-leniently")


@scenario()
def address_by_default(lab: Lab) -> None:
    lab.environ(AWS_XRAY_DAEMON_ADDRESS=None)
    emitter = lab.UDPEmitter()
    lab.note("default", [emitter.ip, emitter.port])


@scenario()
def address_in_the_environment_wins(lab: Lab) -> None:
    lab.environ(AWS_XRAY_DAEMON_ADDRESS="127.0.0.9:9")
    emitter = lab.UDPEmitter()
    emitter.set_daemon_address("127.0.0.1:3000")
    lab.note("address", [emitter.ip, emitter.port])


@scenario()
def address_by_configure(lab: Lab) -> None:
    lab.environ(AWS_XRAY_DAEMON_ADDRESS=None)
    emitter = lab.UDPEmitter()
    lab.recorder.configure(emitter=emitter, daemon_address="127.0.0.1:3100")
    lab.note("address", [emitter.ip, emitter.port])


@scenario("unreadable-addresses-stop-nothing")
def address_in_the_environment_unreadable(lab: Lab) -> None:
    lab.environ(AWS_XRAY_DAEMON_ADDRESS="nonsense")
    try:
        lab.recorder.configure(emitter=lab.UDPEmitter())
        with lab.recorder.in_subsegment("not sent"):
            lab.note("ran", True)
    except Exception as error:
        lab.note("raised", type(error).__name__)
