"""`python -m lambda_tracer.local invoke ...` is `lambda-tracer invoke ...`."""

from __future__ import annotations

import os
import sys

# `python -m` looks for modules in this folder first, which is a function's as a rule: a queue.py in it is the
# function's own, and none of ours.
if sys.path and sys.path[0] in ("", os.getcwd()):
    del sys.path[0]

from lambda_tracer.local.cli import main

sys.exit(main())
