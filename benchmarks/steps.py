"""The profile of our own cold start and captured call: their floors, what they take, and which part how much."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import processes

COLD_STARTS = 15


def markdown() -> str:
    """A section of the report."""
    receiver = processes.Receiver()
    try:
        cold = [processes.cold_steps(receiver.port) for _ in range(COLD_STARTS + 1)][1:]
        found = processes.steps(receiver.port)
    finally:
        receiver.close()
    return "\n".join([*_cold_start(cold), "", *_call(found)])


def _cold_start(samples: list[dict[str, Any]]) -> Iterator[str]:
    yield "## Where our own time goes"
    yield ""
    yield (
        f"A cold start, medians of {len(samples)} processes. The floor is what no tracer in a new interpreter can do "
        "without, each step done in the shortest way that Python has:"
    )
    yield ""
    yield "| step | us |"
    yield "|---|---:|"
    total = 0.0
    for kind in ("floor", "ours"):
        took = {
            label: statistics.median(sample[kind][label] for sample in samples) for label in samples[0][kind]
        }
        for label, microseconds in took.items():
            yield f"| {label} | {microseconds:,.0f} |"
        total += sum(took.values())
        yield f"| **{'floor' if kind == 'floor' else 'all'}** | **{total:,.0f}** |"


def _call(found: Mapping[str, Any]) -> list[str]:
    floor = found["floor"]
    total = sum(floor.values())
    lines = [
        "A sampled call with a small response, the second of two under a handler. The floor is what no tracer can do "
        "without, each step done in the shortest way that Python has:",
        "",
        "| step | ns |",
        "|---|---:|",
        *(f"| {label} | {nanoseconds:,.0f} |" for label, nanoseconds in floor.items()),
        f"| **floor** | **{total:,.0f}** |",
        f"| **ours** | **{found['call_ns']:,.0f}** |",
        "",
        f"The other {found['call_ns'] - total:,.0f} ns are these modules' own bytecode, the calls between them, and "
        "the objects they make. Counted, not timed; the handler's own subsegment, with its invocation, its "
        f"annotations and the sending, takes {found['handler_ns'] / 1e3:,.1f} us:",
        "",
        "| module | calls | C calls | instructions | handler: calls | C calls | instructions |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    names = {**found["call"], **found["handler"]}
    totals = [0] * 6
    for name in names:
        row = [*found["call"].get(name, (0, 0, 0)), *found["handler"].get(name, (0, 0, 0))]
        totals = [sum(pair) for pair in zip(totals, row, strict=True)]
        lines.append(f"| {name.removeprefix('lambda_tracer.')} | {' | '.join(map(str, row))} |")
    lines.append(f"| **all** | {' | '.join(map(str, totals))} |")
    return lines
