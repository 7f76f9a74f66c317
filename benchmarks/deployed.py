"""Measurement 1a: a cold start as deployed, from a folder that can't be written and holds no bytecode of the user's.

A layer in `/opt` and a package that `sam build` put together are such folders. What a tracer brings along itself, ready
to run, is in there; what Python or pip would have compiled on a developer's machine is not. All subjects are treated
the same way.
"""

from __future__ import annotations

import random

from benchmarks import environments, machine, processes
from benchmarks.table import Row, Section

MEMORIES_MB = (512, 128)

CPU = "ms of CPU as deployed, nothing else imported"
CPU_UNCHANGED = "ms of CPU as deployed, Powertools unchanged: on our names of the SDK, and on the SDK"
CPU_BOTO3 = "ms of CPU as deployed, after a boto3 client was made"


def measure(samples: int, slow_samples: int) -> Section:
    """Bare and beside a boto3 client at a full CPU, then at fractions of one; each sample a process."""
    bare, boto3, unchanged = Row(CPU), Row(CPU_BOTO3, of="sdk"), Row(CPU_UNCHANGED)
    slow = {
        memory_mb: Row(f"ms of the clock as deployed in a function of {memory_mb} MB", digits=0)
        for memory_mb in MEMORIES_MB
    }
    subjects = [subject for subject in environments.SUBJECTS if subject != "bare"]
    receiver = processes.Receiver()
    try:
        jobs = [(subject, option, 0) for subject in subjects for option in ("", "boto3")] * samples
        jobs += [(subject, "", memory_mb) for subject in subjects for memory_mb in MEMORIES_MB] * slow_samples
        jobs += [("unchanged", "", 0)] * samples
        random.shuffle(jobs)
        for subject, option, memory_mb in jobs:
            share = machine.share_of(memory_mb) if memory_mb else 1.0
            options = filter(None, [option])
            found = processes.cold_start(subject, receiver.port, *options, share=share, is_deployed=True)
            if subject == "unchanged":
                unchanged.add("ours", found.cpu_ms)
                continue
            if subject == "powertools" and not option and not memory_mb:
                unchanged.add(subject, found.cpu_ms)
            if memory_mb:
                slow[memory_mb].add(subject, found.ms)
            else:
                (boto3 if option else bare).add(subject, found.cpu_ms)
    finally:
        receiver.close()
    note = (
        "as below, but from a copy of what pip installed, without `__pycache__`, where Python may write no bytecode. "
        "That copy has boto3 in it, so a tracer that imports botocore compiles it, too, where no client was made "
        f"before. {samples} processes each, shuffled, {slow_samples} each at fractions of a CPU."
    )
    return Section("Cold start as deployed", note, [bare, boto3, unchanged, *slow.values()])
