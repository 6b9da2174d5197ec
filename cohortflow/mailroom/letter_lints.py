"""Lints of a mail as its reader gets it: whether eyes, ears and every mail program can make something of it."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser

# What a link says must make sense to whoever hears nothing but the links.
SAYS_NOTHING = frozenset(
    {
        "here", "click", "click here", "link", "this link", "more", "read more", "learn more", "open", "this page",
        "page", "continue", "hier", "klick", "klicke hier", "hier klicken", "dieser link", "mehr", "mehr lesen",
        "mehr erfahren", "weiter", "öffnen", "seite",
    }
)  # fmt: skip
_BARE_ADDRESS = re.compile(r"(https?://|www\.)\S+")
_ADDRESS = re.compile(r"(?:https?://|mailto:|www\.)[^\s<>\"]+[^\s<>\".,;:!?)\]]", re.IGNORECASE)
_ENDS = r"(?![\w/?#&=%~+@-]|[.:,]\w)"  # an address goes no further
_FETCHES = {"img": "src", "script": "src", "iframe": "src", "link": "href", "source": "src", "video": "src"}
_FETCHED_BY_STYLE = re.compile(r"url\(\s*['\"]?(?!data:)|@import", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{((?:[^{}]|\{[^{}]*\})*)\}")
_HEX = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b", re.IGNORECASE)
ENOUGH = 4.5  # WCAG 2.2, 1.4.3 (AA), for letters of ordinary size
# Whose letters stand on whose ground in the layout.
ON_GROUND = (
    ("body", "body"), (".letter", ".letter"), ("h1", ".letter"), ("h2", ".letter"), ("h3", ".letter"),
    (".masthead", ".letter"), (".masthead .program", ".letter"), ("a", ".letter"), (".button", ".button"),
    (".foot", "body"), (".foot a", "body"),
)  # fmt: skip


def letter_faults(text: str, html: str, language: str) -> list[str]:
    """What is wrong with a rendered mail, in words for whoever writes its text; empty when it is sound."""
    page = _Page(html)
    return [*_of_the_page(page, language), *_of_links(page), *_of_what_it_fetches(page, html), *_of_both(page, text)]


class _Page(HTMLParser):
    """The tags of a page, its visible words, and what each link says."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self.targets: list[str] = []  # of the links, in the same order
        self.shown = ""
        self._hidden = self._link = ""
        self._numbers: list[int | None] = []  # what comes next in the lists that are open; none where they have dots
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag in ("style", "title") or given.get("class") == "preview":
            self._hidden = tag
        if tag == "a":
            self.links.append("")
            self.targets.append(given.get("href", ""))
            self._link = tag
        if tag in ("ol", "ul"):
            self._numbers.append(int(given.get("start", "1")) if tag == "ol" else None)
        if tag == "li":
            self._count()
        if tag == "img" and self._link:
            self.links[-1] += given.get("alt", "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = "" if tag == self._hidden else self._hidden
        self._link = "" if tag == self._link else self._link
        if tag in ("ol", "ul") and self._numbers:
            self._numbers.pop()

    def _count(self) -> None:
        """The number before an entry of a list is seen, though no letter of the page says it."""
        number = self._numbers[-1] if self._numbers else None
        if number is not None:
            self.words.append(str(number))
            self._numbers[-1] = number + 1

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.words += re.findall(r"\w+", data)
        self.shown += data
        if self._link:
            self.links[-1] += data


def _of_the_page(page: _Page, language: str) -> Iterator[str]:
    head = next((given for tag, given in page.tags if tag == "html"), {})
    if head.get("lang") != language:
        yield f"says it is in {head.get('lang') or 'no language'} and is in {language}, so it is read out wrongly"
    ones = sum(tag == "h1" for tag, _ in page.tags)
    if ones != 1:
        yield f"has {ones} headings of the first rank; the title is the one, begin others with ##"
    if any(tag == "img" and "alt" not in given for tag, given in page.tags):
        yield "has a picture without words for whoever does not see it"
    if any(tag == "table" and given.get("role") != "presentation" for tag, given in page.tags):
        yield 'lays out with a table that is read out as one; give it role="presentation"'


def _of_links(page: _Page) -> Iterator[str]:
    for said in page.links:
        told = " ".join(said.split())
        if reason := link_fault(told):
            yield reason


def link_fault(said: str) -> str | None:
    """Why a link's words would not do, or None."""
    if not said:
        return "has a link without words"
    if said.casefold().strip(" .!:›»→") in SAYS_NOTHING:
        return f"has a link that says only {said!r}; say what it opens"
    if _BARE_ADDRESS.fullmatch(said):
        return "has a link that shows an address instead of words; say what it opens"
    return None


def _of_what_it_fetches(page: _Page, html: str) -> Iterator[str]:
    fetched = [given.get(_FETCHES[tag], "") for tag, given in page.tags if tag in _FETCHES]
    if any(not each.startswith(("cid:", "data:")) for each in fetched) or _FETCHED_BY_STYLE.search(html):
        yield "fetches something from elsewhere, which tells others who reads it; put it into the mail or leave it out"


def _of_both(page: _Page, text: str) -> Iterator[str]:
    left, absent = _without_targets(page, text)
    if absent:
        yield f"its plain part lacks the address of a link: {', '.join(absent[:5])}"
    shown = Counter(_ADDRESS.findall(page.shown))  # a name may look like an address, and is seen in both
    if elsewhere := Counter(_ADDRESS.findall(left)) - shown:
        yield f"its plain part links where its page does not: {', '.join(sorted(elsewhere)[:5])}"
    in_page, in_text = Counter(page.words), Counter(re.findall(r"\w+", left))
    if missing := in_page - in_text:
        yield f"its plain part lacks what its page says: {', '.join(sorted(missing)[:5])}"
    if more := in_text - in_page:
        yield f"its plain part says what its page does not: {', '.join(sorted(more)[:5])}"


def _without_targets(page: _Page, text: str) -> tuple[str, list[str]]:
    """The plain part without the address of each link, once, and the addresses it does not have."""
    absent: list[str] = []
    links = zip(page.links, page.targets, strict=True)
    # The longest first: one address may be the beginning of another.
    for said, target in sorted(links, key=lambda link: -len(link[1])):
        address = target.removeprefix("mailto:")
        whole = re.search(rf"(?<!\w){re.escape(address)}{_ENDS}", text) if address else None
        if not whole:
            absent.append(target or "a link to nowhere")
        elif " ".join(said.split()) != address:  # else it says itself, and stands in both parts once
            text = f"{text[: whole.start()]} {text[whole.end() :]}"
    return text, absent


# --- colours --------------------------------------------------------------------------------------------------------


def contrast_faults(layout: str) -> list[str]:
    """Colours of the layout that are too close to each other, by day and in the dark."""
    dark = "".join(_DARK.findall(layout))
    light = re.sub(r"@media[^{]*\{(?:[^{}]|\{[^{}]*\})*\}", "", layout)
    by_day = _rules(light)
    at_night = {name: {**by_day.get(name, {}), **_rules(dark).get(name, {})} for name in {*by_day, *_rules(dark)}}
    return [*_too_close(by_day, "by day"), *_too_close(at_night, "in the dark")]


def _rules(css: str) -> dict[str, dict[str, str]]:
    """The colours of each selector."""
    found: dict[str, dict[str, str]] = {}
    for selectors, body in _RULE.findall(css.partition("<style>")[2] or css):
        colours = {
            name: value[0]
            for name, said in re.findall(r"(?<![\w-])(color|background-color):\s*([^;]+)", body)
            if (value := _HEX.search(said))
        }
        for selector in selectors.split(","):
            found.setdefault(" ".join(selector.split()), {}).update(colours)
    return found


def _too_close(rules: dict[str, dict[str, str]], when: str) -> Iterator[str]:
    for letters, ground in ON_GROUND:
        ink = rules.get(letters, {}).get("color") or rules.get("body", {}).get("color")
        paper = rules.get(ground, {}).get("background-color")
        if ink and paper and (ratio := contrast(ink, paper)) < ENOUGH:
            yield f"{letters} on {ground} {when}: {ink} on {paper} has a contrast of {ratio:.1f}; {ENOUGH} is the least"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours such as #fff and #0f6b62, from 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    signs = colour.lstrip("#")
    signs = "".join(sign * 2 for sign in signs) if len(signs) == 3 else signs
    parts = [int(signs[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
