"""Measurement 5: what a tracer adds to a function's package."""

from __future__ import annotations

import zipfile

from benchmarks import environments, processes
from benchmarks.table import Row, Section

LAYER = environments.PROJECT / "layer" / "dist" / "lambda-tracer-layer.zip"


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
    if LAYER.exists():
        with zipfile.ZipFile(LAYER) as layer:
            unpacked = sum(entry.file_size for entry in layer.infolist())
        rows.append(Row("kB of our layer, zipped", {"ours": [LAYER.stat().st_size / 1e3]}, digits=0))
        rows.append(Row("kB of our layer, unpacked", {"ours": [unpacked / 1e3]}, digits=0))
    return Section("Size", note, rows)
