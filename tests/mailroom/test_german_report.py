"""The report in German: every word of the page and of what the tasks write, and numbers as Germans write them."""

import re
from datetime import date

import pytest
from mail_pages import english_in
from report_pages import figures, visible

from cohortflow.mailroom.report import render_report
from cohortflow.mailroom.report_words import Tongue
from cohortflow.mailroom.words import shipped_words
from schemas.report import ReportFigures, Target

GERMAN = shipped_words("de")
WRITTEN_BY_TASKS = [
    "Seats filled", "Applicants matched", "Pulses answered", "Completed", "Satisfaction", "First meeting within 21 days",
    "84 answers; 95% interval -3 to 42", "55 answers", "82 of 93 people who began; 95% interval 80% to 93%",
    "55 of 60 seats", "61 of 70 questions; 95% interval 77% to 93%", "there were no applicants", "there were no pairs",
    "the cohort has not ended", "the days are not over", "too few answered the final survey", "Eligible", "Invited",
    "Applied", "Selected", "Matched", "Accepted the match", "Met within 21 days", "Active at the end", "Active today",
    "not stated", "offers skills wanted", "similar career goal", "same languages", "works in another department",
    "different working style", "1 level above", "2 levels above", "may be paired by every rule of the program",
]  # fmt: skip
SENTENCES = [
    "Fewer than two mentees began: no share of so few says anything about others.",
    "With 55 mentees, a share such as 88% is known to about ±9 points (95% interval, Wilson 1927). Compared with a group "
    "of the same size, a difference of 21 points or more would be seen four times in five (80% power, 5% two-sided, "
    "Cohen 1988); a smaller one can be real and stay unseen.",
    "With 4 mentees, a share such as 50% is known to about ±40 points (95% interval, Wilson 1927). So few cannot be told "
    "apart from a comparison group of the same size by any difference.",
]


def german(given: ReportFigures) -> str:
    return render_report(given, "Nachwuchsführung", "Frühjahr 2027", company="Acme", words=GERMAN)


def test_no_english_is_left_on_the_page():
    targets = (
        Target("completed", "Completed", "%", 85, 88.25, "met", "82 of 93 people who began; 95% interval 80% to 93%"),
        Target("nps", "Net promoter score", "points", 40, 27.4, "missed", "84 answers; 95% interval 8 to 42"),
        Target("seats_filled", "Seats filled", "%", 90, None, "not measurable", "there were no seats"),
    )
    for changed in ({}, {"as_of": date(2027, 5, 30)}, {"satisfaction": None, "nps": None}):
        page = german(figures(targets=targets, what_it_can_show=SENTENCES[1], **changed))
        drawn = " ".join(re.findall(r"<text[^>]*>([^<]*)|aria-label=\"([^\"]*)\"", page)[0])
        assert not english_in(re.sub(r"Berlin.*?Pune", "", visible(page)) + drawn)
    assert '<html lang="de">' in page


def test_numbers_and_days_are_written_as_germans_write_them():
    text = visible(german(figures()))

    assert "1. März 2027 bis 27. August 2027, Stand 24. September 2027" in text
    assert "88,2 %" in text and "27,4" in text and "erreicht" in text


@pytest.mark.parametrize("written", WRITTEN_BY_TASKS)
def test_whatever_a_task_writes_has_german_words(written):
    said = Tongue(GERMAN).said(written)

    assert written in ("Satisfaction",) or said != written
    assert not english_in(said), said


@pytest.mark.parametrize("written", SENTENCES)
def test_what_the_numbers_can_show_is_said_sentence_by_sentence(written):
    assert not english_in(Tongue(GERMAN).sentences(written))


def test_a_language_without_words_gets_the_report_in_english_and_its_own_numbers():
    page = render_report(figures(), "P", "C", words=shipped_words("fr"))

    assert "From eligible to completed" in page and "27 août 2027" in page
