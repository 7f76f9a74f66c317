"""The function's log: live, in order, and plain."""

from __future__ import annotations

from pathlib import Path

from tests.local.command import invoke


def test_the_function_log_comes_live_in_order_and_before_the_trace(folder: Path) -> None:
    ran = invoke("app.noisy", folder=folder)

    assert ran.complaints[:3] == ["printed to output", "printed to error", "unfinished"]
    assert ran.complaints[3].startswith("── Invocation, cold start ─")


def test_the_log_is_shown_with_escapes_whatever_its_bytes(folder: Path) -> None:
    (folder / "logs.py").write_text(
        "import sys, time\n"
        "def handler(event, context):\n"
        "    out = sys.stdout.buffer if hasattr(sys.stdout, 'buffer') else sys.__stdout__.buffer\n"
        "    for byte in 'a\\u202eb \\u6f22 \\x9b'.encode() + b'\\x9b \\xff \\xe6\\n\\ttab\\r\\n':\n"
        "        out.write(bytes([byte])); out.flush(); time.sleep(0.001)\n"
    )

    ran = invoke("logs.handler", folder=folder)

    assert ran.complaints[:2] == [r"a\u202eb 漢 \x9b\x9b \xff \xe6", "\ttab"]
