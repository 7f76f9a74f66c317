"""What we promise to cost at most, as a ratio to an incumbent in the same run, and whether it is so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks import calls, cold_start, deployed
from benchmarks.table import COLUMNS, Row, Section

WHY = {
    "cold start where bytecode is there": "a quarter of it makes the code of 43 modules, a quarter runs them, "
    "an eighth is what every tracer needs",
    "the same with a boto3 client": "as above",
    "a sampled call with a small response": "a third of it is what no tracer can do without",
    "a whole sampled invocation": "of the handler's own subsegment half is the send",
    "a response of 1 kB": "half of its encoding is a look at each value before it is written",
}
"""Where the rest of what is missed goes, as timing or leaving out a part showed on 2026-12-01."""

RATIOS = (
    ("cold start as deployed", deployed.CPU, "powertools", 60),
    ("cold start where bytecode is there", "ms of CPU, nothing else imported", "powertools", 40),
    ("the same with a boto3 client", "ms of CPU, after a boto3 client was made", "sdk", 9),
    ("a sampled call with a small response", calls.SAMPLED, "powertools", 7),
    ("a whole sampled invocation", calls.HEADLINE, "powertools", 6),
    ("a whole unsampled invocation", calls.HEADLINE_UNSAMPLED, "powertools", 40),
    ("a response of 1 kB", calls.RESPONSE_1_KB, "powertools", 4),
    ("a response of 50 kB", calls.RESPONSE_50_KB, "powertools", 2),
)
"""What, the row's label, whose figure is divided by ours, and the least that may come out."""

LIMITS = (
    ("modules loaded, the package's own not counted", cold_start.MODULES_BESIDE_OURS, 12),
    ("kB of the zipped layer", "kB of our layer, zipped", 600),
)


def markdown(sections: Iterable[Section]) -> str:
    """The budgets as a table; those that were not measured are left out."""
    rows = {row.label: row for section in sections for row in section.rows}
    found = [*_ratios(rows), *_limits(rows), *_lost(rows)]
    return "\n".join(["| budget | at most | here | |", "|---|---|---|---|", *found]) if found else ""


def _ratios(rows: dict[str, Row]) -> Iterator[str]:
    for what, label, of, least in RATIOS:
        ratio = rows[label].ratio(of) if label in rows else None
        if ratio is not None:
            yield f"| {what} | 1/{least} of {COLUMNS[of]} | 1/{ratio:.1f} | {_verdict(ratio >= least, what)} |"


def _limits(rows: dict[str, Row]) -> Iterator[str]:
    for what, label, most in LIMITS:
        found = rows[label].median("ours") if label in rows else None
        if found is not None:
            yield f"| {what} | {most} | {found:.0f} | {_verdict(found <= most, what)} |"


def _lost(rows: dict[str, Row]) -> Iterator[str]:
    lost = [
        samples
        for label, row in rows.items()
        if label.endswith("lost") and (samples := row.cells.get("ours"))
    ]
    if lost:
        worst = max(max(samples) for samples in lost if isinstance(samples, list))
        yield f"| subsegments lost, 11 to 20,001 in one invocation | 0 | {worst:.0f} | {_verdict(worst == 0)} |"


def _verdict(met: bool, what: str = "") -> str:
    return "met" if met else f"**missed**: {WHY[what]}" if what in WHY else "**missed**"
