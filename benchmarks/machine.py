"""The machine: what it is, and a fraction of one of its CPUs, as small Lambda functions have."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

LAMBDA_MB_PER_CPU = 1769
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

PERIOD_US = 20_000
"""The period of Lambda's quota, as functions of 128 MB see it: they run for 1.4 ms of each 20."""

_CGROUP = Path("/sys/fs/cgroup")
_NAME = f"lambda-tracer-benchmark-{os.getpid()}"


def description() -> str:
    """CPU model, cores, system and Python, on one line."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model
        )
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {python}"


def share_of(memory_mb: int) -> float:
    """The fraction of a CPU that a Lambda function with so much memory has."""
    return min(1.0, memory_mb / LAMBDA_MB_PER_CPU)


def limiter() -> str:
    """How `limited` does it here."""
    group = _new_group(0.5)
    if group is None:
        return "duty-cycle limiter (SIGSTOP and SIGCONT every 20 ms)"
    group.rmdir()
    return f"cgroup CPU quota, period {PERIOD_US // 1000} ms"


def valgrind() -> str | None:
    """The program that counts instructions, if it is installed."""
    return shutil.which("valgrind")


@contextlib.contextmanager
def limited(pid: int, share: float) -> Iterator[None]:
    """Give the process and what it starts `share` of a CPU for the length of the block."""
    if share >= 1:
        yield
        return
    group = _new_group(share)
    if group is None:
        with _duty_cycle(pid, share):
            yield
        return
    try:
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        # A group goes when nobody is in it.
        (group.parent / "cgroup.procs").write_text(str(pid)) if Path(f"/proc/{pid}").exists() else None
        with contextlib.suppress(OSError):
            group.rmdir()


def _new_group(share: float) -> Path | None:
    """A cgroup with that quota; None where we may not make one."""
    quota = max(1000, int(share * PERIOD_US))
    second = (_CGROUP / "cgroup.controllers").exists()
    group = (_CGROUP if second else _CGROUP / "cpu") / _NAME
    try:
        group.mkdir(exist_ok=True)
        if second:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        return None
    return group


@contextlib.contextmanager
def _duty_cycle(pid: int, share: float) -> Iterator[None]:
    done = threading.Event()
    period_s = PERIOD_US / 1e6

    def run() -> None:
        with contextlib.suppress(ProcessLookupError):
            while not done.wait(period_s * share):
                os.kill(pid, signal.SIGSTOP)
                done.wait(period_s * (1 - share))
                os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
