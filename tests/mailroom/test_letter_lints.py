"""Every shipped mail, in every language, for every kind of reader, as eyes and ears get it; and what the lint catches."""

import re
from pathlib import Path

import pytest
from mail_pages import EMPTY, LONG, ROLES

from cohortflow.mailroom.contexts import Partner
from cohortflow.mailroom.letter_lints import contrast, contrast_faults, letter_faults
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.text_lints import text_faults
from cohortflow.mailroom.texts import read_texts

TEXTS = read_texts(Path(__file__).parents[2] / "templates")
SHIPPED = Stationery(TEXTS).messages()
PERSONS = {
    "typical": {},
    "nothing known": EMPTY,
    "longest": {"name": LONG, "partners": (Partner(LONG, title=LONG, reasons=(LONG,) * 5),) * 3, "lines": (LONG,) * 12},
    "hostile": {"name": "<b>https://evil.example/</b>", "lines": ["[here](https://evil.example)", "<img src=x>"]},
}
SOUND = '<!DOCTYPE html><html lang="en"><body><h1>Title</h1><p>Hello <a href="https://x.example/">Open my page</a></p>'


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("stage", "send"), SHIPPED)
def test_every_mail_can_be_read_by_everybody(stationery, context, stage, send, language):
    for role in ROLES:
        for person in PERSONS.values():
            parts = stationery.render(stage, send, language, context(role=role, language=language, **person))
            assert letter_faults(parts.text, parts.html, language) == [], (role, person)


def test_the_colours_of_the_layout_are_far_enough_apart():
    assert contrast_faults(TEXTS["layout.html"]) == []
    assert "prefers-color-scheme: dark" in TEXTS["layout.html"]


def test_contrast_is_what_the_standard_says():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('lang="en"', "", "no language"),
        ('lang="en"', 'lang="de"', "is in en"),
        ("<p>", "<h1>Another</h1><p>", "2 headings of the first rank"),
        ("<h1>Title</h1>", "Title ", "0 headings"),
        ("Open my page", "Click here", "says only 'Click here'"),
        ("Open my page", "hier", "says only 'hier'"),
        ("Open my page", "", "link without words"),
        ("Open my page", "https://x.example/m/1", "shows an address"),
        ("<p>", '<p><img src="cid:a">', "picture without words"),
        ("<p>", '<p><img alt="" src="https://t.example/p.gif">', "fetches something"),
        ("<p>", '<style>p { background: url("https://t.example/p") }</style><p>', "fetches something"),
        ("<p>", "<table><tr><td>x</td></tr></table><p>", "lays out with a table"),
    ],
)
def test_what_shuts_readers_out_is_told(before, after, told):
    assert before in SOUND
    page = SOUND.replace(before, after)

    assert [told in each for each in letter_faults(plain_of(page), page, "en")] == [True]
    assert letter_faults(plain_of(SOUND), SOUND, "en") == []


def plain_of(page: str) -> str:
    """The plain part that says the same as a small page."""
    linked = re.sub(r'<a href="([^"]+)">(.*?)</a>', r"\2 (\1)", page)
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", linked)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Title. Open my page: https://x.example/", ["lacks what its page says: Hello"]),
        ("Title. Hello, open my page: https://x.example/", ["lacks what its page says: Open", "not: open"]),
        ("Title. Hello. Open my page", ["lacks the address of a link: https://x.example/"]),
        (
            "Title. Hello. Open my page: https://x.example/m",
            ["lacks the address", "links where its page does not: https://x.example/m", "not: example, https, m, x"],
        ),
        (
            "Title. Hello. Open my page (https://x.example/) or https://y.example.",
            ["links where its page does not: https://y.example", "says what its page does not: example, https, or, y"],
        ),
        ("Title. Hello. Open my page (https://x.example/). Bring 100 euros", ["not: 100, Bring, euros"]),
        ("Title. Hello. Open my page (https://x.example/). Hello.", ["says what its page does not: Hello"]),
        ("Title. Hello. Open my page (https://x.example/).", []),
    ],
)
def test_what_only_one_part_says_is_told(text, told):
    found = letter_faults(text, SOUND, "en")

    assert len(found) == len(told)
    assert all(part in each for part, each in zip(told, found, strict=True)), found


def test_numbers_of_a_list_and_links_that_say_themselves_are_the_same_in_both():
    page = f"""{SOUND}<ol start="3"><li>Look</li><li>Talk<ul><li>early</li></ul></li><li>Go</li></ol>
    <a href="mailto:o@x.example">o@x.example</a> <a href="https://x.example/more">See more</a>"""
    text = """Title. Hello Open my page (https://x.example/). 3. Look 4. Talk - early 5. Go
    o@x.example See more (https://x.example/more)"""

    assert letter_faults(text, page, "en") == []
    assert letter_faults(text.replace("4.", "9."), page, "en")


def test_colours_too_close_are_told_by_day_and_in_the_dark():
    pale = TEXTS["layout.html"].replace(".foot a { color: #59626a; }", ".foot a { color: #b9c2ca; }")
    gloomy = TEXTS["layout.html"].replace("h1, h2, h3 { color: #ffffff !important; }", "h1 { color: #333 !important; }")

    assert [".foot a on body by day" in each for each in contrast_faults(pale)] == [True]
    assert any("h1 on .letter in the dark" in each for each in contrast_faults(gloomy))


def test_check_tells_of_links_and_headings_in_custom_wording():
    body = "\n\n".join(["Hello {{ program.name }} {{ cohort.name }}", "[click here]({{ link }})", "# Big",
                        "[{{ link }}]({{ link }})", "![x](y.png)", "`[here](x)`"])  # fmt: skip
    own = {"recruit/invite.en.md": f"---\nsubject: s\ntitle: t\npreview: p\nclass: service\n---\n{body}\n"}

    found = [(each.line, each.message.split(";")[0]) for each in text_faults(own)]

    assert (9, "has a link that says only 'click here'") in found
    assert (11, "begins a heading of the first rank, which is the title's") in found
    assert (13, "has a link that shows an address instead of words") in found
    assert any(line == 15 and "picture" in told for line, told in found)
    assert all(line < 17 for line, _ in found)
