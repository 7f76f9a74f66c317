"""`python -m lambda_tracer.compat`: runs a script or a module on the compatible names.

python -m lambda_tracer.compat SCRIPT [ARGUMENTS]
python -m lambda_tracer.compat -m MODULE [ARGUMENTS]        as in `-m pytest tests`
"""

from __future__ import annotations

import os
import sys

from . import install

USAGE = "usage: python -m lambda_tracer.compat (SCRIPT | -m MODULE) [ARGUMENTS]\n"


def main(argv: list[str]) -> None:
    """Run what the command line names, as Python itself would."""
    is_module = argv[:1] == ["-m"]
    arguments = argv[1:] if is_module else argv
    if not arguments or (not is_module and arguments[0].startswith("-")):
        asked = argv[:1] in (["-h"], ["--help"])
        (sys.stdout if asked else sys.stderr).write(USAGE)
        raise SystemExit(0 if asked else 2)
    import runpy

    install()
    sys.argv[:] = arguments
    if is_module:
        if arguments[0] == "pytest":  # pytest-xdist's workers are interpreters of their own
            plugins = [os.environ.get("PYTEST_PLUGINS", ""), f"{__package__}.worker"]
            os.environ["PYTEST_PLUGINS"] = ",".join(filter(None, plugins))
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
        return
    if not os.path.exists(arguments[0]):
        raise SystemExit(f"lambda_tracer.compat: there is no {arguments[0]}")
    if not getattr(sys.flags, "safe_path", False):  # from Python 3.11 on
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
