"""The pictures of the coordinator's guide, taken anew: `make pictures`, or `python tests/guide_pictures.py`."""

import tempfile
from pathlib import Path
from typing import Any

from guide_pages import CHECKOUT
from story_of_the_guide import live_the_guide

PICTURES = CHECKOUT / "docs" / "pictures"
# The pages are there when this chapter begins.
UNTIL = "7. Say it in your own words"
MOST_BYTES = 150_000


def take_pictures(pages: Path, out: Path, browser: Any) -> list[Path]:
    """Show a browser the pages that the guide has made, and keep what it shows."""
    return [
        _taken(browser, pages / "plan.html", out / "plan.png"),
        _taken(browser, pages / "invite.html", out / "mail.png", width=760, height=820),
        _taken(browser, pages / "gallery.html", out / "gallery.png", at="#en/match/meet_your_match/typical"),
        _taken(
            browser, pages / "trial" / "book.html", out / "book.png", find="meet_your_match", width=1000, height=640
        ),
    ]


def _taken(
    browser: Any, page: Path, picture: Path, *, at: str = "", find: str = "", width: int = 1100, height: int = 720
) -> Path:
    opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    opened.goto(page.as_uri() + at)
    if opened.locator("#packed").count():
        opened.wait_for_selector("body[data-ready]")
    if find:
        opened.keyboard.press("/")
        opened.keyboard.type(find)
        opened.get_by_text("mails found").wait_for()
        opened.keyboard.press("Enter")
        opened.locator("article iframe").wait_for()
    if opened.locator("iframe").count():
        opened.frame_locator("iframe").first.locator("h1").wait_for()
    opened.screenshot(path=str(picture))
    opened.close()
    return picture


def main() -> None:
    """Live the guide as far as its pictures go, take them, and write them beside it."""
    from conftest import CHROMIUM, CHROMIUM_FLAGS
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as home, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=list(CHROMIUM_FLAGS))
        PICTURES.mkdir(exist_ok=True)
        for command in live_the_guide(Path(home), UNTIL):
            print(command, end="")
        for picture in take_pictures(Path(home) / "out", PICTURES, browser):
            print(f"{picture.relative_to(CHECKOUT)}: {picture.stat().st_size:,} bytes")
        browser.close()


if __name__ == "__main__":
    main()
