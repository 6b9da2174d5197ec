"""`plan --html`: one page that needs nothing else, the same bytes every time, and no value that is obeyed."""

import re
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path

import pytest

from cohortflow.cli.plan_page import plan_page
from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.programs.documents import read_config
from schemas.edits import Change, Difference, Entry, Gone, Moved, People

CONFIGS = Path(__file__).parents[2] / "program_configs"
AT = datetime(2027, 3, 1, 8, tzinfo=UTC)


def cohort(text: str = "") -> Cohort:
    texts = read_config(CONFIGS / "emerging-leaders.yaml")
    if text:
        texts["emerging-leaders.yaml"] = texts["emerging-leaders.yaml"].replace(
            "name: Emerging Leaders Mentoring", text
        )
    return read_cohort(texts, "emerging-leaders", "2027-spring")


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]+>", " ", page, flags=re.S).split())


def test_the_command_writes_the_page_and_the_table(run, tmp_path):
    shown = run("plan", "first-steps/2027-summer", "--html", tmp_path / "plan.html")

    assert shown.exit_code == 0
    assert "recruit.invite#1" in shown.stdout
    assert str(tmp_path / "plan.html") in shown.stderr
    assert "<h1>First Steps Mentoring" in (tmp_path / "plan.html").read_text("utf-8")


def test_a_page_is_the_same_bytes_every_time():
    assert plan_page(cohort()) == plan_page(cohort())


def test_the_page_tells_dates_reasons_holidays_and_deadlines():
    told = words_of(plan_page(cohort(), ["a note of our own"]))

    assert "Moved from Sat 23 Jan: Saturday" in told
    assert "2027-02-15 is Presidents' Day in Austin, so 2027-02-16 there" in told.replace("&#39;", "'")
    assert "Tue 2 February 2027 Last day to approve the matches approvers" in told
    assert "Fri 26 Mar Good Friday Berlin, Austin, Pune" in told
    assert "Closed Fri 24 December 2027 to Sun 2 January 2028" in told
    assert "a note of our own" in told


def test_what_waits_is_shown_as_expected():
    told = words_of(plan_page(cohort()))

    assert "Meet your match to both of every match" in told
    assert "on approval, expected a working day after it is asked for; the last day for it is 2027-02-02" in told
    assert "whenever somebody answers , until Mon 25 Jan" in told.replace("answers,", "answers ,")


def test_values_are_shown_and_never_obeyed():
    page = plan_page(cohort('name: "</title><script>alert(1)</script>"'), ["<img src=x onerror=alert(2)>"])

    assert "<script>alert" not in page and "<img" not in page
    assert "default-src 'none'" in unescape(page)
    assert not re.search(r"(src|href)=\"https?:", page)


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("applied", "The next pass applies it."),
        ("needs_confirmation", "It waits until an approver confirms it"),
        ("refused", "nothing of it is applied"),
    ],
)
def test_an_edit_is_shown_with_its_verdict(verdict, told):
    change = Change("cohorts.2027-spring.seats", verdict, "60 before, 40 now", "fewer than are in", "e.yaml", 12, 5)
    page = words_of(plan_page(cohort(), difference=Difference("e/2027", "running", changes=(change,))))

    assert told in page
    assert "60 before, 40 now" in page and "e.yaml:12" in page


def test_a_difference_names_what_comes_goes_and_has_gone():
    difference = Difference(
        "e/2027",
        "running",
        added=(Entry("recruit.reminder#3", AT, AT.date(), "reminder", "no_response"),),
        dropped=(Entry("close.alumni_invite#1", AT, AT.date()),),
        moved=(Moved("orient.welcome#1", AT, AT, date(2027, 3, 1), date(2027, 3, 2), "a holiday"),),
        people=(People("mentors", 150, 120, 0, 30), People("mentees", 230, 264, 34, 0)),
        gone=(Gone("recruit.invite#1", "done", date(2027, 1, 4), 384),),
    )
    page = words_of(plan_page(cohort(), difference=difference))

    assert "recruit.reminder#3 , Mon 1 March 2027: reminder to no_response" in page
    assert "Mon 1 March 2027 → Tue 2 March 2027" in page
    assert "mentors: 150 → 120 , 30 lost" in page
    assert "recruit.invite#1 : done, Mon 4 January 2027, 384 mails" in page
    assert "The roster counts 384 people who may join." in page


def test_a_cohort_the_database_has_never_seen_shows_no_difference():
    assert "What this edit would change" not in plan_page(cohort(), difference=Difference("e/2027", "unknown"))


@pytest.mark.parametrize("program", [path.stem for path in sorted(CONFIGS.glob("*.yaml")) if path.stem != "company"])
def test_every_cohort_that_ships_has_a_page(program):
    texts = read_config(CONFIGS / f"{program}.yaml")
    keys = re.findall(r"^  (20\d\d-[a-z]+):", texts[f"{program}.yaml"], re.MULTILINE)

    assert keys
    for key in keys:
        assert "<h2>Calendar</h2>" in plan_page(read_cohort(texts, program, key))


@pytest.mark.parametrize(
    "line",
    [
        {"seats": "1"},
        {"ends": "2036-08-27"},
        {"calendar": {"sites": {}, "closed": ["2027-01-01 to 2027-12-31"]}},
        {
            "stages": {
                stage: {"emails": []} for stage in ("recruit", "match", "orient", "check_in", "evaluate", "close")
            }
        },
        {
            "stages": {"match": {"approve": "not_needed", "accept": "not_needed"}},
            "goals": "not_needed",
            "trial": "not_needed",
        },
        {"mentees_per_mentor": "1", "measure": {"targets": {"seats_filled": "10%"}}},
    ],
    ids=["one seat", "ten years", "closed all year", "no mails", "nobody asked", "one to one"],
)
def test_an_odd_cohort_has_a_page_all_the_same(line):
    texts = read_config(CONFIGS / "emerging-leaders.yaml")
    base = {"starts": "2027-03-01", "ends": "2027-08-27", "seats": "60"}
    page = plan_page(read_cohort(texts, "emerging-leaders", "2027-spring", base | line))

    assert "<h2>Hours to expect</h2>" in page and "nan" not in words_of(page).split()
