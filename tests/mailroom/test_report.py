"""The report as a page: self-contained, the same each time, and nobody's name in it."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from report_pages import figures, visible

from cohortflow.mailroom.report import render_report
from schemas.report import (
    Share,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(figures(), "Emerging Leaders", "Spring 2027", company="Acme", purpose="Prepare people")


def test_the_same_figures_give_the_same_bytes(page: str) -> None:
    again = render_report(figures(), "Emerging Leaders", "Spring 2027", company="Acme", purpose="Prepare people")

    assert again == page


def test_the_page_fetches_nothing_and_runs_nothing(page: str) -> None:
    assert "<script" not in page and "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!#)", page)


def test_every_chart_has_words_and_a_table_beside_it(page: str) -> None:
    drawings = page.count("<svg")

    assert drawings == 5 == page.count('role="img"')
    assert len(re.findall(r'role="img" aria-label="[^"]{20,}"', page)) == drawings
    for after in page.split("</figure>")[1:]:
        assert after.index("<table") < 80


def test_charts_take_the_colours_of_the_page(page: str) -> None:
    drawings = " ".join(re.findall(r"<svg.*?</svg>", page, flags=re.S))

    assert "var(--main)" in drawings and "var(--ink)" in drawings
    assert not re.search(r"#01020[3-8]", drawings)


def test_ids_in_the_drawings_are_unique_and_found(page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page)

    assert len(ids) == len(set(ids))
    assert {
        target for target in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page) for target in target if target
    } <= set(ids)


def test_the_page_is_sound_html(page: str) -> None:
    open_tags: list[str] = []

    class Balanced(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br"):
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Balanced().feed(page)
    assert open_tags == []


def test_targets_say_met_missed_and_why_not(page: str) -> None:
    text = visible(page)

    assert "1 of 3 targets met, 1 missed, 1 not measurable." in text
    assert "85% 88.2% ✓ met" in text and "40 27.4 ✗ missed" in text
    assert "there were no questions" in text


def test_withheld_groups_show_no_number(page: str) -> None:
    text = visible(page)

    assert "Pune withheld" in text
    assert "Groups of fewer than 5 people are withheld" in text


def test_words_from_a_roster_never_become_markup(page: str) -> None:
    assert "Berlin &amp; &lt;b&gt;" in page


def test_days_are_written_alike_in_every_locale(page: str) -> None:
    assert "1 March 2027 to 27 August 2027, as of 24 September 2027." in visible(page)


def test_a_cohort_that_nobody_answered_has_a_page() -> None:
    nothing = Share(0, 0, 0, 0, 100)
    empty = figures(fit=None, pulses=(), satisfaction=None, nps=None, final_survey=nothing, targets=(), breakdowns=())
    text = visible(render_report(empty, "P", "C"))

    assert "Fewer than 5 answered" in text
    assert "Targets" not in text and "Check-ins" not in text and "By group" not in text


def test_halfway_the_page_says_that_the_cohort_runs() -> None:
    text = visible(render_report(figures(as_of=date(2027, 5, 30)), "P", "C"))

    assert "the cohort is still running" in text and "are at work" in text
