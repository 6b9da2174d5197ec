"""Drawing the certificate of completion."""

import logging
from datetime import UTC, date, datetime, time
from functools import lru_cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import get_ident

from cohortflow.mailroom.locales import long_date
from cohortflow.mailroom.words import Words
from schemas.absent_packages import absent

with absent("cryptography"):  # a certificate is neither signed nor locked, and loading what does that takes a while
    from fpdf import FPDF

logging.getLogger("fpdf").setLevel(logging.ERROR)  # it quotes the signs of a name that a font lacks
_GREEN, _INK, _GREY = (15, 107, 98), (37, 40, 44), (89, 98, 106)
_WIDTH, _HEIGHT = 297.0, 210.0  # A4 landscape, in millimetres
_FONT = "DejaVuSerif.ttf"
# Reading the whole font takes a tenth of a second, so most certificates get a part of it, made once per process.
_LATIN = ((0x20, 0x17F), (0x2010, 0x2044))
_PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><title>{title}</title>
<style>
@page {{ size: A4 landscape; margin: 12mm }}
body {{ margin: 0; color: {grey}; font: 13pt serif; text-align: center }}
main {{ border: 3px double {green}; padding: 14mm 20mm }}
h1 {{ color: {green}; font-size: 30pt; font-weight: normal; margin: 8mm 0 }}
strong {{ display: block; color: {ink}; font-size: 30pt; font-weight: normal; margin: 8mm 0 }}
footer {{ font-size: 11pt; margin-top: 18mm }}
</style>
<main><p>{program}</p><h1>{title}</h1><p>{opening}</p><strong dir="auto">{name}</strong><p>{closing}</p>
<footer>{day}</footer></main>
</html>
"""
_EUROPEAN = (*_LATIN, (0x180, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x1E00, 0x1EFF))


def can_be_drawn(name: str, program: str, cohort: str, on: date, words: Words) -> bool:
    """Whether the fonts at hand have every sign, and need not join or turn any of them."""
    signs = "".join((name, program, *_said(program, cohort, on, words)))
    return all(_is_within(sign, _EUROPEAN) for sign in signs)


def write_certificate(name: str, program: str, cohort: str, on: date, words: Words) -> bytes:
    """The same page for a browser, which has fonts for every script and knows how to set them."""
    title, opening, closing, day = (escape(each) for each in _said(program, cohort, on, words))
    return _PAGE.format(
        language=words.language, title=title, opening=opening, closing=closing, day=day, name=escape(name),
        program=escape(program), green=_colour(_GREEN), ink=_colour(_INK), grey=_colour(_GREY),
    ).encode()  # fmt: skip


def _said(program: str, cohort: str, on: date, words: Words) -> tuple[str, str, str, str]:
    title, opening, closing = (
        words.say("certificate", part, program=program, cohort=cohort) for part in ("title", "opening", "closing")
    )
    return title, opening, closing, long_date(on, words.language)


def _colour(parts: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*parts)


def draw_certificate(name: str, program: str, cohort: str, on: date, words: Words) -> bytes:
    """One page for one person, in the words of the reader's language; of signs that `can_be_drawn`."""
    title, opening, closing, day = _said(program, cohort, on, words)
    page = FPDF(orientation="landscape", format="A4")
    page.set_creation_date(datetime.combine(on, time(), UTC))
    page.set_title(f"{program}, {cohort}")
    page.set_producer("Cohortflow")
    page.set_lang(words.language)
    page.set_auto_page_break(False)
    signs = "".join((name, program, title, opening, closing, day))
    family = "times" if _is_plain(signs) else "serif"
    if family == "serif":
        page.add_font(family, fname=_font(signs))
    page.add_page()
    _frame(page)
    _line(page, family, 44, 13, _GREY, program)
    _line(page, family, 60, 32, _GREEN, title)
    _line(page, family, 92, 13, _GREY, opening)
    _line(page, family, 104, 30, _INK, name)
    _line(page, family, 128, 13, _GREY, closing)
    _line(page, family, 166, 11, _GREY, day)
    return bytes(page.output())


def _is_plain(words: str) -> bool:
    """Whether every reader's own Times has the signs: then no font need travel with the page."""
    try:
        words.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _frame(page: FPDF) -> None:
    page.set_draw_color(*_GREEN)
    page.set_line_width(1.2)
    page.rect(12, 12, _WIDTH - 24, _HEIGHT - 24)
    page.set_line_width(0.3)
    page.rect(15, 15, _WIDTH - 30, _HEIGHT - 30)
    page.set_line_width(0.6)
    page.line(_WIDTH / 2 - 22, 84, _WIDTH / 2 + 22, 84)


def _line(page: FPDF, family: str, top: float, size: float, colour: tuple[int, int, int], words: str) -> None:
    """A centred line; long names are set smaller until they fit."""
    page.set_text_color(*colour)
    page.set_font(family, size=size)
    while page.get_string_width(words) > _WIDTH - 50 and size > 7:
        size -= 1
        page.set_font(family, size=size)
    page.set_xy(25, top)
    page.cell(w=_WIDTH - 50, h=size * 0.5, text=words, align="C")


def _font(words: str) -> Path:
    """The smallest font that has all the signs of the words, as far as DejaVu has them."""
    for name, ranges in (("latin.ttf", _LATIN), ("european.ttf", _EUROPEAN)):
        if all(_is_within(sign, ranges) for sign in words):
            small = Path(_cache().name) / name
            if not small.exists():
                _reduce(_fonts() / _FONT, small, ranges)
            return small
    return _fonts() / _FONT


def _is_within(sign: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(sign) <= last for first, last in ranges)


@lru_cache
def _fonts() -> Path:
    # Found without importing matplotlib, which would take a second.
    found = find_spec("matplotlib")
    folders = found.submodule_search_locations if found else None
    if not folders:
        raise RuntimeError("matplotlib, which brings the fonts, is not installed; install the project's requirements")
    return Path(folders[0]) / "mpl-data" / "fonts" / "ttf"


@lru_cache
def _cache() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="cohortflow-fonts-")


def _reduce(whole: Path, small: Path, ranges: tuple[tuple[int, int], ...]) -> None:
    from fontTools import subset  # late: most certificates need no font of their own

    options = subset.Options(layout_features=[], drop_tables=["FFTM", "GSUB", "GPOS", "GDEF", "kern"], hinting=False)
    font = subset.load_font(str(whole), options)
    wanted = subset.Subsetter(options)
    wanted.populate(unicodes=[code for first, last in ranges for code in range(first, last + 1)])
    wanted.subset(font)
    part = small.with_name(f"{get_ident()}.ttf")
    subset.save_font(font, str(part), options)
    part.replace(small)
