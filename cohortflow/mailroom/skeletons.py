"""A mail without its values: built once per wording, then filled for every reader."""

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

import css_inline
from jinja2.environment import Template
from markupsafe import Markup

from cohortflow.mailroom.locales import locale_of
from cohortflow.mailroom.markup import both_parts
from cohortflow.mailroom.sandbox import FIRST_TOKEN, layout_environment
from schemas.errors import DeliveryError

_TOKEN = re.compile("[\U000f0000-\U000ffffd]")
_BEYOND_ASCII = re.compile("(<style\\b.*?</style>)|[\x80-\U000effff]", re.DOTALL)
_MARKUP = re.compile("[&<>\"']")
_SAFE_LINK = re.compile(r"(https?://|mailto:[^@]+@)[^\s\"'<>\\^`{|}]+", re.IGNORECASE)


class Drafts(NamedTuple):
    """The texts of a mail as its template gave them, tokens in the place of values; the first two values of every
    mail are the names of the program and the cohort, which the layout shows."""

    subject: str
    title: str
    preview: str
    body: str
    footer: str


class Gap(NamedTuple):
    """Where a value goes: the place in the list of texts, which value, and whether it is text or (part of) a link."""

    place: int
    value: int
    manner: str


class Pieces(NamedTuple):
    """A text cut at its values, an empty string in the place of each."""

    texts: tuple[str, ...]
    gaps: tuple[Gap, ...]


class Skeleton(NamedTuple):
    """A mail without its values; the same for every reader whose template took the same turns."""

    subject: Pieces
    text: Pieces
    html: Pieces


def build_skeleton(drafts: Drafts, language: str, layout_html: str, layout_text: str) -> Skeleton:
    """Markdown, layout and CSS, which cost far more than filling in a name."""
    body_html, body_text = both_parts(drafts.body)
    footer_html, footer_text = both_parts(drafts.footer)
    shared = {
        "language": language,
        "direction": "rtl" if locale_of(language).character_order == "right-to-left" else "ltr",
        "subject": drafts.subject,
        "title": drafts.title or drafts.subject,
        "preview": drafts.preview or drafts.subject,
        "program": chr(FIRST_TOKEN),
        "cohort": chr(FIRST_TOKEN + 1),
    }
    # Markdown ran with raw HTML off and has seen no value, so its result is ours.
    page = _layout(layout_html, True).render(shared, body=Markup(body_html), footer=Markup(footer_html))
    text = _layout(layout_text, False).render(shared, body=body_text, footer=footer_text)
    return Skeleton(_cut(drafts.subject), _cut(text.strip("\n") + "\n"), _cut(_in_ascii(_inliner().inline(page))))


def fill_plain(pieces: Pieces, values: Sequence[str]) -> str:
    """The text with its values as they are."""
    texts = list(pieces.texts)
    for place, value, _ in pieces.gaps:
        texts[place] = values[value]
    return "".join(texts)


def fill_html(pieces: Pieces, values: Sequence[str], file: str) -> str:
    """The page with its values escaped, and with links that lead nowhere dangerous.

    Raises:
        DeliveryError: a value that stands as a link is no http, https or mailto address.
    """
    texts = list(pieces.texts)
    for place, value, manner in pieces.gaps:
        if manner == "text":
            texts[place] = _escaped(values[value])
        elif manner == "part":
            texts[place] = quote(values[value], safe="@")
        elif _SAFE_LINK.fullmatch(values[value]):
            texts[place] = _escaped(values[value])
        else:
            raise DeliveryError(f"{file}: a link is not an http, https or mailto address", permanent=True)
    return "".join(texts)


def _escaped(value: str) -> str:
    # Nearly all values need nothing, and looking is a fifth of escaping.
    return html.escape(value) if _MARKUP.search(value) else value


@lru_cache(maxsize=32)
def _layout(source: str, is_html: bool) -> Template:
    return layout_environment(is_html).from_string(source)


@lru_cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _in_ascii(page: str) -> str:
    """The page with every sign beyond ASCII as a reference, but for the tokens and the style, which knows none.

    No server on the way can spoil it, and one "·" in a page makes its JSON take three times as long.
    """
    return _BEYOND_ASCII.sub(lambda found: found[1] or f"&#{ord(found[0])};", page)


def _cut(skeleton: str) -> Pieces:
    texts: list[str] = []
    gaps: list[Gap] = []
    begin = 0
    for found in _TOKEN.finditer(skeleton):
        texts += [skeleton[begin : found.start()], ""]
        gaps.append(Gap(len(texts) - 1, ord(found[0]) - FIRST_TOKEN, _manner(skeleton, found.start())))
        begin = found.end()
    return Pieces((*texts, skeleton[begin:]), tuple(gaps))


def _manner(skeleton: str, at: int) -> str:
    """Whether a value is text, a whole link, or a part of a link whose beginning the template wrote."""
    quoted = skeleton.rfind('"', 0, at)
    in_tag = skeleton.rfind("<", 0, at) > skeleton.rfind(">", 0, at)
    if not in_tag or not skeleton[:quoted].endswith("href="):
        return "text"
    return "part" if skeleton[quoted + 1 : at].strip() else "link"
