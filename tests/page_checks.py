"""What is asked of every page we write, looked at in a real browser: its words can be read, reached and told apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

ENOUGH_CONTRAST = 4.5

# Every element with words of its own: its colour against the nearest ground behind it, both mixed with what they let
# through. Source: WCAG 2.2, relative luminance and contrast ratio.
_CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
  const light = (rgb) => rgb.map((c) => (c / 255 <= 0.04045 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (at) => !at ? [255, 255, 255]
    : over(parts(getComputedStyle(at).backgroundColor), parts(getComputedStyle(at).backgroundColor)[3] === 0 || parts(getComputedStyle(at).backgroundColor)[3] < 1 ? ground(at.parentElement) : [0, 0, 0]);
  const found = [];
  for (const at of document.body.querySelectorAll("*")) {
    const says = [...at.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!says || !at.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || at.closest("script, style, noscript, option")) continue;
    const back = ground(at), ink = over(parts(getComputedStyle(at).color), back);
    const [low, high] = [light(back), light(ink)].sort((a, b) => a - b);
    found.push([(high + 0.05) / (low + 0.05), at.tagName + "." + at.className + ": " + at.textContent.trim().slice(0, 40)]);
  }
  return found.sort(([a], [b]) => a - b).slice(0, 8);
}"""

_UNNAMED = """() => {
  const name = (at) => at.getAttribute("aria-label") || at.getAttribute("title") || at.textContent.trim() || [...(at.labels || [])].map((label) => label.textContent).join("").trim();
  const acts = [...document.querySelectorAll("a[href], button, input, select, iframe, nav, [role=img]")].filter((at) => !name(at));
  const headless = [...document.querySelectorAll("table:not([aria-hidden])")].filter((table) => !table.querySelector("th[scope=col]"));
  return [...acts, ...headless].map((at) => at.outerHTML.slice(0, 90));
}"""


@contextmanager
def opened(browser: Any, address: str, *, width: int = 1280, dark: bool = False, script: bool = True) -> Iterator[Any]:
    """A page that has been read in; what its console complains of fails the test."""
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", java_script_enabled=script
    )
    # A headless browser that was asked to print by the page itself does not print for the test any more.
    page.add_init_script("window.print = () => {}")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.goto(address)
    if page.locator("#packed").count():
        page.wait_for_selector("body[data-ready]")
    yield page
    page.close()
    assert complaints == []


def assert_readable(page: Any) -> None:
    """Every word stands out from what is behind it."""
    pale = [(round(ratio, 2), what) for ratio, what in page.evaluate(_CONTRASTS) if ratio < ENOUGH_CONTRAST]
    assert pale == []


def assert_in_order(page: Any) -> None:
    """One first heading, no level left out, a language, landmarks, and a name for whatever can be used."""
    levels = [
        int(tag[1]) for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((at) => at.tagName)")
    ]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1 and page.locator("nav").count() == 1
    assert page.evaluate(_UNNAMED) == []


def overhang(page: Any) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def sheets(page: Any) -> int:
    """How many sheets of paper the page takes."""
    return int(page.pdf(format="A4").count(b"/Type /Page\n"))
