"""A plugin of pytest's that installs the compatible names: processes that pytest starts read `PYTEST_PLUGINS`."""

from . import install

install()
