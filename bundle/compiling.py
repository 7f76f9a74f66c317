"""Compiles modules in the Python that runs this: sources on standard input, code on standard output.

Run by each Python that a release is made for, wherever that stands; it imports nothing of the project.

Input: a marshalled list of (module, path, source as bytes, whether a cold start needs it), output: the whole bundle.
"""

import hashlib
import marshal
import sys
from importlib.util import MAGIC_NUMBER, decode_source

FORMAT, HEADER_BYTES = b"lambda_tracer bundle 1\n", 64


def code_of(path: str, source: bytes) -> bytes:
    """The code of a module, the same bytes at each run."""
    code = compile(decode_source(source), path, "exec", dont_inherit=True, optimize=0)
    # What is referred to several times is marshalled once; how often it is depends on what else the process has.
    return marshal.dumps(marshal.loads(marshal.dumps(code)))


def main() -> None:
    """Read the sources, write the bundle."""
    sources = marshal.load(sys.stdin.buffer)
    index, code, first = {}, b"", 0
    for module, path, source, is_first in sorted(sources, key=lambda entry: (not entry[3], entry[0])):
        compiled = code_of(path, source)
        index[module] = (path, len(source), len(code), len(code) + len(compiled))
        code += compiled
        if is_first:
            first = len(code)
    folders = {path.rpartition("/")[0] for path, *_ in index.values()}
    folders |= {folder.rpartition("/")[0] for folder in folders}  # where a package is looked for
    marshalled = marshal.dumps(marshal.loads(marshal.dumps((tuple(sorted(folders)), index))))
    sizes = (len(marshalled), first, HEADER_BYTES + len(marshalled) + len(code))
    header = FORMAT + MAGIC_NUMBER + b"".join(size.to_bytes(4, "little") for size in sizes)
    header += hashlib.sha256(marshalled + code).digest()[: HEADER_BYTES - len(header)]
    sys.stdout.buffer.write(header.ljust(HEADER_BYTES, b"\0") + marshalled + code)


main()
