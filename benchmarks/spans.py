"""Measurement 3a: what a span of OpenTelemetry's API costs, and a cold start of a function that starts one."""

from __future__ import annotations

import random

from benchmarks import environments, processes
from benchmarks.calls import CALLS, SECONDS, added
from benchmarks.table import Row, Section

COLD = "ms of CPU, OpenTelemetry's API imported and a span started in the first invocation"
SAMPLED = "a sampled span"
UNSAMPLED = "an unsampled span"

_COLUMNS = {"api": "bare", "bridged": "ours"}
"""Subjects that are shown in another one's column."""


def measure(samples: int, processes_each: int, rounds: int) -> Section:
    """Beside the API alone, ADOT in both its forms, and OpenTelemetry's own SDK."""
    cold = Row(COLD, of="otel_sdk")
    rows = {
        "sampled": Row(SAMPLED, digits=2, of="otel_sdk"),
        "unsampled": Row(UNSAMPLED, digits=2, of="otel_sdk"),
    }
    subjects = [
        "api",
        "bridged",
        *(subject for subject in ("adot_lite", "adot") if subject in environments.SUBJECTS),
        "otel_sdk",
    ]
    receiver = processes.Receiver()
    try:
        for subject in ("bare", *subjects):  # so that every module is compiled and in the page cache
            processes.cold_start(subject, receiver.port)
        for subject in random.sample(subjects * samples, len(subjects) * samples):
            cold.add(_column(subject), processes.cold_start(subject, receiver.port).cpu_ms)
        for _ in range(processes_each):
            for mode, row in rows.items():
                functions = {
                    subject: processes.Function(subject, receiver.port, mode) for subject in subjects
                }
                try:
                    for subject in random.sample(subjects * rounds, len(subjects) * rounds):
                        ask = functions[subject].ask
                        with_spans = ask(case="no response", calls=CALLS, seconds=SECONDS)
                        without = ask(case="no response", calls=0, seconds=SECONDS)
                        row.add(_column(subject), (added(with_spans) - added(without)) / CALLS * 1e6)
                finally:
                    for function in functions.values():
                        function.close()
    finally:
        receiver.close()
    note = (
        "the same function, which opens its spans with OpenTelemetry's API: without a provider in the bare column, "
        "with our Tracer and no SDK in ours. Cold starts are measured as above; a span in microseconds of CPU, as an "
        f"invocation with {CALLS} spans less one with none. OpenTelemetry's SDK hands what it records to an exporter "
        "that drops it. It knows nothing of Lambda: ADOT is what AWS makes of it."
    )
    return Section("A span of OpenTelemetry's API", note, [cold, *rows.values()])


def _column(subject: str) -> str:
    return _COLUMNS.get(subject, subject)
