"""The profile of our own captured call: its floor, what it takes, and which module does how much."""

from __future__ import annotations

from benchmarks import processes


def markdown() -> str:
    """A section of the report."""
    receiver = processes.Receiver()
    try:
        found = processes.steps(receiver.port)
    finally:
        receiver.close()
    floor = found["floor"]
    total = sum(floor.values())
    lines = [
        "## Where our own time goes",
        "",
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
    return "\n".join(lines)
