"""How large a tracer is in a layer: its distribution and what that needs, without what Lambda's runtime has.

size.py DISTRIBUTION    answers {"zipped": bytes, "installed": bytes, "distributions": [...]}
"""

import importlib.metadata
import io
import json
import re
import sys
import zipfile

IN_THE_RUNTIME = {
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "python-dateutil",
    "six",
    "urllib3",
    "awslambdaric",
}


def main(distribution, *extras):
    names = sorted(needed(distribution, extras))
    archive = io.BytesIO()
    installed = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for name in names:
            found = importlib.metadata.distribution(name)
            for file in found.files or ():
                path = found.locate_file(file)
                if ".." in file.parts or file.suffix == ".pyc" or not path.is_file():
                    continue
                zipped.write(path, f"python/{file}")
                installed += path.stat().st_size
    print(json.dumps({"zipped": len(archive.getvalue()), "installed": installed, "distributions": names}))


def needed(name, extras=()):
    found, waiting = set(), [(name, tuple(extras))]
    while waiting:
        name, extras = waiting.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if name in found or name in IN_THE_RUNTIME:
            continue
        found.add(name)
        for line in importlib.metadata.distribution(name).requires or ():
            requirement, _, marker = line.partition(";")
            if marker and not applies(marker, extras):
                continue
            inner = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^]]*)\])?", requirement)
            try:
                importlib.metadata.distribution(inner[1])
            except importlib.metadata.PackageNotFoundError:
                continue  # for another Python or system
            waiting.append((inner[1], tuple(filter(None, (inner[2] or "").replace(" ", "").split(",")))))
    return found


def applies(marker, extras):
    """A marker that asks for an extra applies when that extra was asked for; any other may, if it is installed."""
    asked = re.findall(r"extra\s*==\s*['\"]([^'\"]+)", marker)
    return not asked or any(extra in extras for extra in asked)


main(*sys.argv[1:])
