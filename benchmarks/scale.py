"""Measurement 4: whether everything arrives, and what happens when there is much."""

from __future__ import annotations

from benchmarks import environments, processes
from benchmarks.table import Row, Section

COUNTS = (10, 100, 1_000, 10_000, 20_000)


def measure(repeats: int, invocations: int) -> Section:
    """Subsegments delivered and their cost in one invocation of many; memory over many invocations."""
    delivered = {count: Row(f"of {count + 1:,} subsegments, lost", digits=0) for count in COUNTS}
    cost = {count: Row(f"us of CPU each, {count:,} in one invocation", digits=2) for count in COUNTS}
    memory = Row(f"kB grown in {invocations:,} invocations, after {invocations // 10:,}", digits=0)
    receiver = processes.Receiver("keep")
    for subject in environments.SUBJECTS:
        if subject == "bare":
            continue
        function = processes.Function(subject, receiver.port)
        try:
            for _ in range(repeats):
                for count in COUNTS:
                    receiver.counts()
                    took = function.ask(case="once", calls=count)["traced"]
                    cost[count].add(subject, took / count * 1e6)
                    if subject == "datadog":
                        delivered[count].cells[subject] = "-"
                    else:
                        delivered[count].add(subject, count + 1 - receiver.counts()["subsegments"])
        finally:
            function.close()
    receiver.close()
    receiver = processes.Receiver()
    for subject in environments.SUBJECTS:
        function = processes.Function(subject, receiver.port)
        try:
            grown = function.ask(case="memory", steps=10, invocations=invocations // 10)["bytes"]
            memory.add(subject, (grown[-1] - grown[0]) / 1e3)
        finally:
            function.close()
    receiver.close()
    note = (
        "one invocation that calls so many captured methods back to back, read by an ordinary process with the default "
        f"socket buffer; {repeats} times. Memory: resident, one captured call an invocation."
    )
    return Section("Scale", note, [*delivered.values(), *cost.values(), memory])
