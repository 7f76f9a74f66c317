"""The one table: a row a measurement, a column a subject, medians with their quartiles."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

COLUMNS = {
    "bare": "bare",
    "ours": "lambda_tracer",
    "powertools": "Powertools",
    "sdk": "X-Ray SDK",
    "adot_lite": "ADOT fast start",
    "adot": "ADOT",
    "datadog": "Datadog",
    "otel_sdk": "OpenTelemetry SDK",
}


@dataclass
class Row:
    """One measurement. `cells` holds the samples of each subject, or a text where there is nothing to sample.

    `of` is the subject whose median is divided by ours in the last column.
    """

    label: str
    cells: dict[str, list[float] | str] = field(default_factory=dict)
    digits: int = 1
    of: str = "powertools"

    def add(self, subject: str, value: float) -> None:
        """One more sample."""
        samples = self.cells.setdefault(subject, [])
        assert isinstance(samples, list)
        samples.append(value)

    def median(self, subject: str) -> float | None:
        """None where nothing was measured."""
        samples = self.cells.get(subject)
        return statistics.median(samples) if isinstance(samples, list) and samples else None

    def ratio(self, of: str | None = None) -> float | None:
        """How many times ours the other one's median is."""
        theirs, ours = self.median(of or self.of), self.median("ours")
        return theirs / ours if theirs is not None and ours is not None and ours > 0 else None


@dataclass
class Section:
    """A part of the table, and what a reader has to know about it."""

    title: str
    note: str
    rows: list[Row]


def markdown(sections: Iterable[Section]) -> str:
    """The table, and under it the sections' notes."""
    lines = [
        f"| | {' | '.join(COLUMNS.values())} | theirs / ours |",
        f"|---|{'---:|' * len(COLUMNS)}---:|",
    ]
    notes = []
    for number, section in enumerate(sections, 1):
        lines.append(f"| **{number}. {section.title}** |{' |' * (len(COLUMNS) + 1)}")
        lines += [_line(row) for row in section.rows]
        notes.append(f"{number}. {section.title}: {section.note}")
    return "\n".join([*lines, "", *notes])


def _line(row: Row) -> str:
    cells = [_cell(row.cells.get(subject), row.digits) for subject in COLUMNS]
    ratio = row.ratio()
    name = "" if row.of == "powertools" else f" ({COLUMNS[row.of]})"
    return f"| {row.label} | {' | '.join(cells)} | {f'{ratio:.1f}{name}' if ratio else ''} |"


def _cell(samples: Sequence[float] | str | None, digits: int) -> str:
    if not samples:
        return "-"
    if isinstance(samples, str):
        return samples
    median = f"{statistics.median(samples):,.{digits}f}"
    if len(set(samples)) == 1:
        return median
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return f"{median} ({low:,.{digits}f}-{high:,.{digits}f})"
