"""Debian's chromium, driven by playwright; and axe, which looks for what keeps people out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from playwright.sync_api import Page, expect, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WIDE, NARROW = (1400, 800), (400, 900)

Scheme = Literal["light", "dark"]

PATIENCE_MS = 30_000
"""On a busy machine."""

expect.set_options(timeout=PATIENCE_MS)


class Browser:
    """Opens pages, one at a time, each with a profile of its own. What one complains of fails who closes it."""

    def __init__(self, chromium: Path) -> None:
        self.complaints: list[str] = []
        """Of the page that was opened last: errors, dialogs, what it was not allowed."""
        self.requests: list[str] = []
        """The addresses that it has asked for."""
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._browser.close()
        self._playwright.stop()

    def open(
        self, address: str, scheme: Scheme = "light", size: tuple[int, int] = WIDE, scale: float = 1
    ) -> Page:
        """A page at `address`, as one has it with a system of that colour scheme."""
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            device_scale_factor=scale,
            timezone_id="UTC",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        self.complaints, self.requests = [], []
        complaints, requests = self.complaints, self.requests
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        return page

    def close(self, page: Page) -> None:
        """Close it; it has nothing to complain of."""
        page.context.close()
        assert self.complaints == []


@dataclass
class Work:
    """How much there was."""

    seconds: float = 0.0


@contextmanager
def work_of(page: Page) -> Iterator[Work]:
    """The processor's time that a page's own thread takes for what is done meanwhile."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def taken() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    work = Work()
    before = taken()
    yield work
    work.seconds = taken() - before
    session.detach()


def settle(page: Page) -> None:
    """Wait until nothing has been asked of the server, and nothing drawn, for a while."""
    page.evaluate("""() => new Promise(done => {
        let timer = setTimeout(done, 150);
        new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 150); })
            .observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    })""")


def violations(page: Page, rules: list[str] | None = None) -> list[tuple[str, str, list[Any]]]:
    """What axe finds, by all of its rules or some: rule, what is wrong, and where."""
    if not page.evaluate("'axe' in window"):
        # By the browser's protocol: the page's own policy lets no script in.
        source = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
        page.evaluate(f"() => {{ {source} }}")
    chosen = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **chosen})
    return [
        (each["id"], each["help"], [(node["target"], node["failureSummary"]) for node in each["nodes"]][:5])
        for each in found["violations"]
    ]
