"""Measurements 2 and 3: what one captured call costs, and one call of a traced library."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Iterator
from typing import TypeVar

from benchmarks import environments, processes
from benchmarks.table import Row, Section

Key = TypeVar("Key")

SECONDS = 0.04
"""How long one sample runs; as many invocations as fit."""

CALLS = 10

HEADLINE = "sampled, small response, whole invocation of ten calls / 11 subsegments"
HEADLINE_UNSAMPLED = "unsampled, whole invocation of ten calls"
SAMPLED = "sampled, small response"
RESPONSE_1_KB = "sampled, response of 1 kB"
RESPONSE_50_KB = "sampled, response of 50 kB"
UNSAMPLED = "unsampled"
KEPT = "unsampled, kept for the case that it fails"


def measure(processes_each: int, rounds: int) -> Section:
    """Microseconds that one captured call adds to a bare one."""
    whole, whole_unsampled = Row(HEADLINE, digits=2), Row(HEADLINE_UNSAMPLED, digits=2)
    whole_kept = Row(f"{KEPT}, whole invocation of ten calls", digits=2)
    rows = {
        ("sampled", "small"): Row(SAMPLED, digits=2),
        ("unsampled", "small"): Row(UNSAMPLED, digits=2),
        ("kept", "small"): Row(KEPT, digits=2),
        ("disabled", "small"): Row("disabled", digits=2),
        ("sampled", "async"): Row("sampled coroutine", digits=2),
        ("sampled", "generator"): Row("sampled generator", digits=2),
        ("sampled", "no response"): Row("sampled, no response", digits=2),
        ("sampled", "1 kB"): Row(RESPONSE_1_KB),
        ("sampled", "50 kB"): Row(RESPONSE_50_KB, digits=0),
    }
    depths = (1, 10, 100)
    nested = {depth: Row(f"sampled, {depth} nested, each", digits=2) for depth in depths}
    event = Row("sampled, the event and the answer of an HTTP API, added", digits=2)
    logged = Row("a log record with `log_ids`, added", digits=2)
    datagrams = Row("datagrams for an invocation of eleven subsegments", digits=0)
    receiver = processes.Receiver()
    try:
        for _ in range(processes_each):
            with _functions(receiver.port, "sampled", "unsampled", "kept", "disabled") as functions:
                for _ in range(rounds):
                    for subject, (mode, case) in _shuffled(rows):
                        if (subject, mode) not in functions:
                            continue
                        ask = functions[subject, mode].ask
                        with_calls = ask(case=case, calls=CALLS, seconds=SECONDS)
                        without = ask(case=case, calls=0, seconds=SECONDS)
                        if "error" in with_calls:
                            rows[mode, case].cells[subject] = "-"
                            continue
                        rows[mode, case].add(subject, (added(with_calls) - added(without)) / CALLS * 1e6)
                        if (mode, case) == ("sampled", "small"):
                            whole.add(subject, added(with_calls) / (CALLS + 1) * 1e6)
                        elif (mode, case) == ("unsampled", "small"):
                            whole_unsampled.add(subject, added(with_calls) * 1e6)
                        elif (mode, case) == ("kept", "small"):
                            whole_kept.add(subject, added(with_calls) * 1e6)
                    for subject, depth in _shuffled(nested):
                        ask = functions[subject, "sampled"].ask
                        with_calls = ask(case="nested", calls=depth, seconds=SECONDS)
                        without = ask(case="nested", calls=0, seconds=SECONDS)
                        nested[depth].add(subject, (added(with_calls) - added(without)) / depth * 1e6)
                    ask = functions["ours", "sampled"].ask
                    records = {
                        on: ask(case="log", log_ids=on, calls=CALLS, seconds=SECONDS)["traced"]
                        for on in (True, False)
                    }
                    logged.add("ours", (records[True] - records[False]) / CALLS * 1e6)
                    for subject, _ in _shuffled([event]):
                        ask = functions[subject, "sampled"].ask
                        took = {
                            name: ask(case="event", event=name, seconds=SECONDS) for name in ("empty", "api")
                        }
                        event.add(subject, (took["api"]["traced"] - took["empty"]["traced"]) * 1e6)
                for subject in _traced():
                    receiver.counts()
                    functions[subject, "sampled"].ask(case="once", calls=CALLS)
                    datagrams.add(subject, receiver.counts()["datagrams"])
    finally:
        receiver.close()
    note = (
        "microseconds of CPU that a call of a captured function adds: an invocation with ten less one with none, "
        "and less the same undecorated, in the same process. The first row counts the handler and the sending as well. "
        f"{processes_each} processes each, {rounds} rounds, shuffled; another process receives. "
        "The row about an HTTP API is an invocation with its event less one with an empty one: what is read, recorded "
        "and sent of both. The X-Ray SDK and Datadog's decorators record no responses; for Datadog and ADOT an "
        "attribute with the response as JSON was "
        "added by hand. Datadog has no daemon to send to here: it writes the trace to /dev/null."
    )
    return Section(
        "A captured call",
        note,
        [whole, whole_unsampled, whole_kept, *rows.values(), *nested.values(), event, logged, datagrams],
    )


def measure_patched(processes_each: int, rounds: int) -> Section:
    """Microseconds that a traced library call takes longer than an untraced one."""
    names = {
        "boto3": "boto3 get_item, answered before it is sent",
        "sqlite3": "sqlite3 execute",
        "http": "GET with requests, on the loopback",
    }
    rows = {case: Row(f"{name}, added") for case, name in names.items()}
    receiver = processes.Receiver()
    try:
        with processes.web_server() as url:
            for _ in range(processes_each):
                with _functions(receiver.port, "sampled", bare=True, BENCHMARK_URL=url) as functions:
                    for _ in range(rounds):
                        for case, row in rows.items():
                            took = {}
                            for subject in random.sample(environments.SUBJECTS, len(environments.SUBJECTS)):
                                ask = functions[subject, "sampled"].ask
                                with_calls = ask(case=case, calls=CALLS, seconds=SECONDS, plain=False)
                                without = ask(case=case, calls=0, seconds=SECONDS / 3, plain=False)
                                took[subject] = (with_calls["traced"] - without["traced"]) / CALLS * 1e6
                            for subject, microseconds in took.items():
                                row.add(subject, microseconds - (took["bare"] if subject != "bare" else 0))
    finally:
        receiver.close()
    note = (
        "microseconds of CPU beyond the bare column, which shows the whole call. Libraries are traced as each tracer "
        "does by default: ADOT leaves sqlite3 alone."
    )
    return Section("A call of a traced library", note, list(rows.values()))


def added(answer: dict[str, float]) -> float:
    """Seconds that tracing adds to an invocation."""
    return answer["traced"] - answer["plain"]


def _traced() -> list[str]:
    return [subject for subject in environments.SUBJECTS if subject != "bare"]


def _shuffled(keys: Iterable[Key]) -> list[tuple[str, Key]]:
    """Every subject with every key, in random order."""
    jobs = [(subject, key) for key in keys for subject in _traced()]
    random.shuffle(jobs)
    return jobs


@contextlib.contextmanager
def _functions(
    port: int, *modes: str, bare: bool = False, **variables: str
) -> Iterator[dict[tuple[str, str], processes.Function]]:
    subjects = environments.SUBJECTS if bare else _traced()
    functions = {
        (subject, mode): processes.Function(subject, port, mode, **variables)
        for mode in modes
        for subject in subjects
        if mode != "kept" or subject == "ours"  # nobody else has that
    }
    try:
        yield functions
    finally:
        for function in functions.values():
            function.close()
