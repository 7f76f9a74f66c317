"""Measurement 5: what a tracer adds to a function's package."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import environments, processes
from benchmarks.table import Row, Section

BUILD_LAYER = environments.PROJECT / "layer" / "build.py"


def measure() -> Section:
    """Zipped and unpacked, with all it needs and without what Lambda's runtime brings."""
    zipped = Row("kB zipped", digits=0)
    installed = Row("kB unpacked", digits=0)
    count = Row("distributions", digits=0)
    for subject in environments.SUBJECTS:
        if subject == "bare":
            continue
        found = processes.size(subject)
        zipped.add(subject, found["zipped"] / 1e3)
        installed.add(subject, found["installed"] / 1e3)
        count.add(subject, len(found["distributions"]))
    rows = [zipped, installed, count]
    note = (
        "the distribution and what it needs, without compiled files and without boto3, botocore, urllib3 and what else "
        "the runtime has. Those who publish layers ship more in them."
    )
    with TemporaryDirectory() as folder:
        layer = Path(folder, "layer.zip")
        subprocess.run(
            [sys.executable, str(BUILD_LAYER), "--output", str(layer)], check=True, stdout=subprocess.DEVNULL
        )
        with zipfile.ZipFile(layer) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        rows.append(Row("kB of our layer, zipped", {"ours": [layer.stat().st_size / 1e3]}, digits=0))
    rows.append(Row("kB of our layer, unpacked", {"ours": [unpacked / 1e3]}, digits=0))
    return Section("Size", note, rows)
