"""What follows an approval, an answer or a match made late, and when an invitation begins."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from cohortflow.programs.calendars import next_allowed, site_due, zone_of
from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.programs.occasions import dated_occasions, event_of
from cohortflow.programs.waiting import after_acceptance, after_approval, after_response, late_match, mails_on_response
from schemas.stages import MailLine

CONFIGS = Path(__file__).parents[2] / "program_configs"


@cache
def shipped():
    return read_cohort(read_config(CONFIGS / "emerging-leaders.yaml"), "emerging-leaders", "2027-spring")


def with_mails(stage, *lines):
    """The shipped cohort, but for the mails of one stage."""
    program = shipped().program
    emails = tuple(MailLine.model_validate(line) for line in lines)
    changed = getattr(program.stages, stage).model_copy(update={"emails": emails})
    stages = program.stages.model_copy(update={stage: changed})
    return replace(shipped(), program=program.model_copy(update={"stages": stages}))


def by_key(occasions):
    assert len({each.key for each in occasions}) == len(occasions), "a key occurs twice"
    return {each.key: each for each in occasions}


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_approval_announces_at_each_sites_next_hour():
    friday_evening = utc("2027-02-12T18:00")

    planned = by_key(after_approval(shipped(), friday_evening))

    assert list(planned) == [
        "match.meet_your_match#1", "match.manager_notice#1", "match.waitlist#1", "match.accept_reminder#1",
        "match.accept_closes",
    ]  # fmt: skip
    meet = planned["match.meet_your_match#1"]
    assert meet.due_by_site["Austin"] == friday_evening  # noon there
    assert meet.due_by_site["Berlin"] == utc("2027-02-15T08:00")
    assert meet.due_by_site["Pune"] == utc("2027-02-15T03:30")
    assert planned["match.accept_reminder#1"].due_on == date(2027, 2, 18)
    assert planned["match.accept_closes"].due_at == utc("2027-02-19T23:00")


def test_the_approval_of_one_match_concerns_only_that():
    planned = by_key(after_approval(shipped(), utc("2027-04-06T10:00"), about="m-7"))

    assert "match.waitlist#1" not in planned
    assert {each.about for each in planned.values()} == {"m-7"}
    assert {each.waits_for for each in planned.values()} == {None}


def test_days_after_approval_are_counted_and_moved():
    later = {"send": "meet_your_match", "to": "matched", "when": "2 days after approval"}

    planned = by_key(after_approval(with_mails("match", later), utc("2027-03-25T10:00")))

    assert planned["match.meet_your_match#1"].due_on == date(2027, 3, 30)  # a Saturday, and Easter behind it


def test_a_late_match_gets_its_welcome_without_reminders():
    planned = by_key(late_match(shipped(), utc("2027-02-17T10:00")))

    assert set(planned) == {"match.meet_your_match#1", "orient.welcome#1", "orient.orientation_invite#1"}
    assert {each.due_by_site["Berlin"] for each in planned.values()} == {utc("2027-02-17T10:00")}


def test_a_late_match_is_not_invited_to_what_is_over():
    assert "orient.orientation_invite#1" not in by_key(late_match(shipped(), utc("2027-04-05T10:00")))


def test_nothing_is_late_after_the_last_day():
    assert late_match(shipped(), utc("2027-08-28T10:00")) == ()


def test_an_answer_is_answered_at_once_or_days_later():
    lines = [
        {"send": "application_received", "to": "applicant", "when": "on response"},
        {"send": "reminder", "to": "applicant", "when": "3 days after response"},
    ]
    replying = with_mails("recruit", *lines)

    assert [line.send for line in mails_on_response(replying)] == ["application_received"]
    (later,) = after_response(replying, utc("2027-01-05T10:00"), about="p-1")
    assert (later.key, later.about, later.due_on) == ("recruit.reminder#1", "p-1", date(2027, 1, 8))


def test_an_acceptance_sets_off_its_mails():
    line = {"send": "meet_your_match", "to": "matched", "when": "on acceptance"}

    (mail,) = after_acceptance(with_mails("match", line), utc("2027-02-03T10:00"), about="m-1")

    assert (mail.key, mail.about, mail.due_at) == ("match.meet_your_match#1", "m-1", utc("2027-02-03T10:00"))


def test_an_invitation_knows_when_its_event_begins_and_ends():
    planned = by_key(dated_occasions(shipped()))

    assert event_of(shipped(), planned["orient.orientation_invite#1"]) == (
        utc("2027-03-01T14:00"),
        utc("2027-03-01T16:00"),
    )
    assert event_of(shipped(), planned["orient.welcome#1"]) is None


def test_an_unknown_site_lives_in_the_programs_zone():
    spring = shipped()

    assert zone_of(spring, "Atlantis") == zone_of(spring, None) == "Europe/Berlin"
    assert next_allowed(spring, "Atlantis", utc("2027-03-26T10:00")) == utc("2027-03-30T07:00")
    assert site_due(spring, "Austin", date(2027, 2, 15)) == utc("2027-02-16T15:00")
