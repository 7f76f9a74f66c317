"""Makes the pictures of the page for the documentation: `make screenshots`.

Each view in light and dark, wide and narrow. They are looked at by a person before they are committed.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import get_args

from PIL import Image

from tests.local.view_page.browser import Browser, Scheme, settle
from tests.local.view_page.conftest import Shop

SIZES = {1400: 760, 400: 820}
"""Heights by widths, in pixels."""

COLOURS = 256
"""In the palette of a picture, which makes it a third of its size."""

PORT = 2001
"""Not the usual one: whatever else runs here may be sending to that."""


def main(folder: Path) -> None:
    """Write the pictures into `folder`."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with Shop(PORT) as shop, Browser(Path(chromium)) as browser:
        shop.send_all()
        views = {
            "timeline": shop.page("cold", node="## lambda_handler"),
            "details": shop.page("declined", node="## authorize"),
            "map": f"{shop.address}#/?view=map&scope=all",
            "compare": shop.page("cold", f"?view=compare&with={shop.ids['warm']}"),
        }
        for scheme in get_args(Scheme):
            for width, height in SIZES.items():
                for name, address in views.items():
                    page = browser.open(address, scheme, (width, height))
                    page.wait_for_selector("#trace-rows li")
                    settle(page)
                    if name == "details" and width < 1000:
                        page.locator("#details").evaluate("pane => pane.scrollIntoView()")
                    picture = Image.open(io.BytesIO(page.screenshot()))
                    small = picture.convert("RGB").quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
                    small.save(folder / f"{name}-{scheme}-{width}.png", optimize=True)
                    browser.close(page)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
