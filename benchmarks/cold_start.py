"""Measurement 1: what a cold start takes longer with a tracer, in fresh interpreters."""

from __future__ import annotations

import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import environments, machine, processes
from benchmarks.table import Row, Section

MEMORIES_MB = (512, 128)
"""Functions that have a fraction of a CPU."""

MODULES_BESIDE_OURS = "modules loaded, lambda_tracer's own not counted"


def measure(samples: int, slow_samples: int) -> Section:
    """Bare and beside a boto3 client at a full CPU, then at fractions of one; each sample a process."""
    receiver = processes.Receiver()
    bare = Row("ms of CPU, nothing else imported")
    bare_clock = Row("the same, ms of the clock")
    unchanged = Row("ms of CPU, Powertools unchanged: on our names of the SDK, and on the SDK")
    boto3 = Row("ms of CPU, after a boto3 client was made", of="sdk")
    boto3_clock = Row("the same with boto3, ms of the clock", of="sdk")
    modules = Row("modules loaded", digits=0)
    beside_ours = Row(MODULES_BESIDE_OURS, digits=0)
    memory = Row("MB of memory added", digits=1)
    slow = {
        (memory_mb, option): Row(
            f"ms of the clock in a function of {memory_mb} MB{' with a boto3 client' if option else ''}",
            digits=0,
            of="sdk" if option else "powertools",
        )
        for memory_mb in MEMORIES_MB
        for option in ("", "boto3")
    }
    subjects = [subject for subject in environments.SUBJECTS if subject != "bare"]
    try:
        for subject in [
            *environments.SUBJECTS,
            "unchanged",
        ]:  # so that every module is compiled and in the page cache
            processes.cold_start(subject, receiver.port, "boto3")
        jobs = [(subject, option, 0) for subject in subjects for option in ("", "boto3")] * samples
        jobs += [
            (subject, option, memory_mb) for subject in subjects for memory_mb, option in slow
        ] * slow_samples
        jobs += [("unchanged", "", 0)] * samples
        random.shuffle(jobs)
        for subject, option, memory_mb in jobs:
            share = machine.share_of(memory_mb) if memory_mb else 1.0
            found = processes.cold_start(subject, receiver.port, *filter(None, [option]), share=share)
            if subject == "unchanged":
                unchanged.add("ours", found.cpu_ms)
                continue
            if subject == "powertools" and not option and not memory_mb:
                unchanged.add(subject, found.cpu_ms)
            if memory_mb:
                slow[memory_mb, option].add(subject, found.ms)
            elif option:
                boto3.add(subject, found.cpu_ms)
                boto3_clock.add(subject, found.ms)
            else:
                bare.add(subject, found.cpu_ms)
                bare_clock.add(subject, found.ms)
                modules.add(subject, found.modules)
                beside_ours.add(subject, found.modules_beside_ours)
                memory.add(subject, found.mb)
    finally:
        receiver.close()
    note = (
        "import, construct, decorate and the first invocation with one captured call, beyond an interpreter that "
        f"has loaded the runtime client; {samples} processes each, shuffled. A function of 512 MB has "
        f"{machine.share_of(512):.0%} of a CPU, one of 128 MB {machine.share_of(128):.0%}, here by a "
        f"{machine.limiter()}; {slow_samples} processes each."
    )
    return Section(
        "Cold start",
        note,
        [bare, bare_clock, unchanged, boto3, boto3_clock, *slow.values(), modules, beside_ours, memory],
    )


def count_instructions(invocations: int = 40) -> Section:
    """Instructions under valgrind: a figure that other work on the machine can't move."""
    cold = Row("million instructions: cold start")
    call = Row("thousand instructions: a captured call", digits=1)
    if machine.valgrind() is None:
        return Section("Instructions", "skipped: valgrind is not installed.", [])
    receiver = processes.Receiver()
    try:
        jobs = [(subject, count) for subject in environments.SUBJECTS for count in (0, invocations)]
        with ThreadPoolExecutor(2) as pool:
            counted = pool.map(lambda job: _instructions(job[0], job[1], receiver.port), jobs)
            counts = dict(zip(jobs, counted, strict=True))
    finally:
        receiver.close()
    for subject in environments.SUBJECTS:
        base, more = counts[subject, 0], counts[subject, invocations]
        if subject != "bare":
            cold.add(subject, (base - counts["bare", 0]) / 1e6)
        bare_calls = (counts["bare", invocations] - counts["bare", 0]) if subject != "bare" else 0
        call.add(subject, (more - base - bare_calls) / invocations / 10 / 1e3)
    note = (
        "valgrind's count of the cold start above less that of the bare function; and of invocations with ten calls "
        "each, a tenth of one, likewise."
    )
    return Section("Instructions", note, [cold, call])


def _instructions(subject: str, invocations: int, port: int) -> int:
    variables = {**environments.variables(subject, port), "PYTHONHASHSEED": "0"}
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={log}"]
        command += [
            environments.python(subject),
            str(environments.PROBES / "cold_start.py"),
            str(invocations),
        ]
        subprocess.run(command, env=variables, input="\n", capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", log.read_text())
    assert found is not None, "valgrind collected nothing"
    return int(found[1])
