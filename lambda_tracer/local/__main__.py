"""`python -m lambda_tracer.local invoke ...` is `lambda-tracer invoke ...`."""

from __future__ import annotations

import sys

from lambda_tracer.local.cli import main

sys.exit(main())
