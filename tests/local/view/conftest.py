"""One view for all tests of a module, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.view.senders import Here


@pytest.fixture(scope="module")
def running() -> Iterator[Here]:
    here = Here()
    yield here
    here.close()


@pytest.fixture
def here(running: Here) -> Here:
    running.view.store.clear()
    return running
