"""`python -m benchmarks`: every measurement, one table, and `RESULTS.md`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import (
    budgets,
    calls,
    cold_start,
    deployed,
    environments,
    machine,
    runtime_loop,
    scale,
    size,
    spans,
    steps,
)
from benchmarks.table import COLUMNS, Section, markdown

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples: does everything still run?")
    parser.add_argument(
        "--only", action="append", metavar="PART", help="only this part, which may be repeated"
    )
    parser.add_argument(
        "--beside",
        action="append",
        choices=environments.SUBJECTS[2:],
        help="only beside this incumbent, which may be repeated",
    )
    parser.add_argument(
        "--samples", type=int, default=25, metavar="N", help="cold starts of each kind (default: %(default)s)"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="default: benchmarks/RESULTS.md")
    options = parser.parse_args()
    few = options.quick
    if options.beside:
        environments.limit(options.beside)
    cold_starts = (2, 1) if few else (options.samples, max(1, options.samples // 6))
    parts: dict[str, Callable[[], Section]] = {
        "deployed": lambda: deployed.measure(*cold_starts),
        "cold": lambda: cold_start.measure(*cold_starts),
        "calls": lambda: calls.measure(*(1, 1) if few else (3, 5)),
        "patched": lambda: calls.measure_patched(*(1, 1) if few else (3, 5)),
        "spans": lambda: spans.measure(cold_starts[0], *(1, 1) if few else (3, 5)),
        "scale": lambda: scale.measure(*(1, 2_000) if few else (3, 100_000)),
        "size": size.measure,
        "runtime": lambda: runtime_loop.measure(*(1, 5) if few else (7, 50)),
        "instructions": lambda: cold_start.count_instructions(10 if few else 40),
    }
    if options.only:
        unknown = set(options.only) - {*parts, "steps"}
        if unknown:
            parser.error(f"--only: {', '.join(sorted(unknown))}; known are {', '.join([*parts, 'steps'])}")
        parts = {name: part for name, part in parts.items() if name in options.only}
    began = time.monotonic()
    environments.prepare()
    sections = []
    for name, part in parts.items():
        print(f"{time.monotonic() - began:4.0f} s  {name}", file=sys.stderr)
        sections.append(part())
    profile = steps.markdown() if not options.only or "steps" in options.only else ""
    text = _report(sections, profile, time.monotonic() - began)
    print(text)
    options.output.write_text(text + "\n")


def _report(sections: list[Section], profile: str, seconds: float) -> str:
    versions = ", ".join(
        f"{COLUMNS[name]} {environments.version(name)}" for name in environments.SUBJECTS[1:]
    )
    head = [
        "# What tracing costs",
        "",
        f"{datetime.now(timezone.utc):%Y-%m-%d}, `python -m benchmarks {' '.join(sys.argv[1:])}".rstrip()
        + f"` ({seconds / 60:.0f} minutes), on {machine.description()}.",
        f"{versions}; runtime client {environments.version('bare')}.",
        "Medians with quartiles in parentheses; all subjects interleaved in one run. Smaller is better everywhere.",
        "",
    ]
    return "\n".join([*head, budgets.markdown(sections), "", markdown(sections), "", profile]).rstrip()


main()
