"""Every kind of edit that a running cohort's line may see: followed, waiting for an approver, or refused."""

from datetime import datetime, timedelta
from functools import cache

import pytest
from scene_files import COMPANY, PROGRAM, PROGRAM_CONFIGS
from scenes import utc
from story import with_line

from cohortflow.programs.cohorts import Cohort, cohort_line, line_node, read_cohort
from cohortflow.programs.edits import Edit, Known, weigh
from cohortflow.programs.findings import TAKEN_OUT, Stored
from cohortflow.programs.line_changes import changed_leaves, places_of_line, plain_view, resolved
from cohortflow.programs.occasions import dated_occasions
from schemas.edits import Change, People

ID, KEY = "small-circle", "2027-spring"
DATES = "starts: 2027-03-01, ends: 2027-05-28, seats: 6"
PLAIN = f"{{ {DATES} }}"
RECRUITING, CHECKING_IN = utc(2027, 1, 27, 9), utc(2027, 4, 6, 9)
INVITE = "{ send: invite, to: eligible, when: opens }"
THANKS = "{ send: application_received, to: applicant, when: on response }"


def reminders(*days: str) -> str:
    return f"{{ send: reminder, to: no_response, when: [{', '.join(days)}] }}"


def with_stages(**stages: str) -> str:
    told = ", ".join(f"{stage}: {{ {rules} }}" for stage, rules in stages.items())
    return f"{{ {DATES}, stages: {{ {told} }} }}"


def with_mails(*lines: str) -> str:
    return with_stages(recruit=f"emails: [{', '.join(lines)}]")


def with_pulse(to: str) -> str:
    pulse = f"{{ send: pulse, to: {to}, when: opens }}"
    first = "{ send: first_meeting, to: matched, when: first_meeting }"
    reminder = "{ send: pulse_reminder, to: no_response, when: 3 days after opens }"
    return with_stages(check_in=f"emails: [{first}, {pulse}, {reminder}]")


STANDARD = ("7 days before closes", "2 days before closes")


@cache
def forms() -> dict[str, str]:
    return {f"forms/{path.name}": path.read_text("utf-8") for path in (PROGRAM_CONFIGS / "forms").glob("*.yaml")}


def texts_with(line: str) -> dict[str, str]:
    return {"company.yaml": COMPANY, f"{ID}.yaml": with_line(PROGRAM, line), **forms()}


def cohort_with(line: str) -> Cohort:
    return read_cohort(texts_with(line), ID, KEY)


def as_it_stands(cohort: Cohort, now: datetime) -> dict[str, Stored]:
    """A cohort in which everything was done on its day."""
    stored: dict[str, Stored] = {}
    for item in dated_occasions(cohort):
        if item.due_at <= now:
            stored[item.key] = Stored("done", item.due_at, item.due_at)
        else:
            gate = stored.get(item.waits_for or "")
            free = item.waits_for is None or (gate is not None and gate.state == "done")
            stored[item.key] = Stored("pending", item.due_at if free else None)
    return stored


def judged(after: str, now: datetime = RECRUITING, *, before: str = PLAIN, **known: object) -> Edit:
    """What becomes of an edit of a cohort that has lived undisturbed until now."""
    old, new, texts = cohort_with(before), cohort_with(after), texts_with(after)
    trees = [resolved(texts_with(line), ID, KEY, line_node(texts_with(line), ID, KEY)) for line in (before, after)]
    leaves = changed_leaves(*(plain_view(tree, KEY) for tree in trees))
    given = {"occasions": as_it_stands(old, now), "mails": {"recruit.invite#1": 10}, **known}
    return weigh(old, new, leaves, places_of_line(texts, ID, KEY), Known(**given), now)  # type: ignore[arg-type]


def gravest(edit: Edit) -> Change:
    """The change that decides what becomes of the whole edit."""
    return edit.difference.of(edit.difference.verdict)[0]


MORE_REMINDERS = with_mails(INVITE, reminders(*STANDARD, "2027-02-08"), THANKS)
APPLIED = {
    "a date to a later day": (with_stages(recruit="closes: 2027-02-15"), "stages.recruit.closes", "recruit.closes"),
    "a date to an earlier day": (with_stages(match="runs: 2 days after recruit closes"), "stages.match.runs", "moves"),
    "a later deadline": (with_stages(recruit="closes: 3 weeks after opens"), "stages.recruit.closes", "2027-02-15"),
    "more seats": ("{ starts: 2027-03-01, ends: 2027-05-28, seats: 9 }", "seats", "3 more seats"),
    "fewer seats that are still enough": ("{ starts: 2027-03-01, ends: 2027-05-28, seats: 4 }", "seats", "4 mentees"),
    "a later end": ("{ starts: 2027-03-01, ends: 2027-06-25, seats: 6 }", "ends", "2027-06-25"),
    "one more reminder": (MORE_REMINDERS, "stages.recruit.emails[1].when", "recruit.reminder#3 is new"),
    "a wider audience": (with_pulse("participants"), "stages.check_in.emails[1].to", "still to come"),
    "other weights": (
        f"{{ {DATES}, matching: {{ prefer: {{ career_goal: 100 }} }} }}",
        "matching.prefer.career_goal",
        "still to come",
    ),
}


@pytest.mark.parametrize("what", APPLIED)
def test_what_takes_nothing_away_is_followed(what: str) -> None:
    after, path, reason = APPLIED[what]

    edit = judged(after, mentees_in=4)

    assert edit.difference.verdict == "applied"
    told = {change.path: change.reason for change in edit.difference.changes}
    assert reason in told[f"cohorts.{KEY}.{path}"]


def test_fewer_mentees_than_mentors_have_wait_for_a_yes() -> None:
    after = f"{{ {DATES}, mentees_per_mentor: 1 }}"

    assert judged(after, mentees_of=(1, 1)).difference.verdict == "applied"
    edit = judged(after, mentees_of=(1, 2, 2))
    assert edit.difference.verdict == "needs_confirmation"
    assert gravest(edit).reason == "2 mentors have more mentees than 1; they keep them, and get no other"


CONFIRMED = {
    "a date into the past": (
        with_stages(recruit="closes: 2027-01-26"),
        RECRUITING,
        "stages.recruit.closes",
        "recruit.closes: 2027-01-26 has passed; it happens at once",
    ),
    "a new reminder in the past": (
        with_mails(INVITE, reminders(*STANDARD, "2027-01-26"), THANKS),
        RECRUITING,
        "stages.recruit.emails[1].when",
        "recruit.reminder#3: 2027-01-26 has passed; it is sent at once",
    ),
    "fewer seats than people in": (
        "{ starts: 2027-03-01, ends: 2027-05-28, seats: 3 }",
        RECRUITING,
        "seats",
        "fewer seats than the 5 mentees who are in: 2 of them are too many",
    ),
    "a mail to fewer people": (
        with_pulse("mentors"),
        RECRUITING,
        "stages.check_in.emails[1].to",
        "goes to mentors instead of matched",
    ),
    "fewer who may join": (
        f"{{ {DATES}, who: {{ mentees: {{ level: P4 to P5 }} }} }}",
        RECRUITING,
        "who.mentees.level",
        "2 who may join today no longer may",
    ),
    "a reminder taken out": (
        with_mails(INVITE, reminders(STANDARD[0]), THANKS),
        RECRUITING,
        "stages.recruit.emails[1].when",
        "recruit.reminder#2 on 2027-02-05 is taken out: reminder to no_response is not sent",
    ),
    "an answer to a response taken out": (
        with_mails(INVITE, reminders(*STANDARD)),
        RECRUITING,
        "stages.recruit.emails",
        "recruit.application_received#1 is taken out",
    ),
    "an earlier end that leaves out a check-in": (
        "{ starts: 2027-03-01, ends: 2027-05-14, seats: 6 }",
        CHECKING_IN,
        "ends",
        "check_in#2 on 2027-04-26 is taken out",
    ),
    "an approval nobody has to give": (
        with_stages(match="approve: not_needed"),
        RECRUITING,
        "stages.match.approve",
        "nobody is asked any more",
    ),
    "other approvers": (
        f"{{ {DATES}, approvers: [jo.lang@acme.example] }}",
        RECRUITING,
        "approvers",
        "others would decide",
    ),
}
LOST = (People("mentors", 4, 4, 0, 0), People("mentees", 6, 4, 0, 2))


@pytest.mark.parametrize("what", CONFIRMED)
def test_what_takes_something_away_needs_a_yes(what: str) -> None:
    after, now, path, reason = CONFIRMED[what]
    people = LOST if "who" in path else ()

    edit = judged(after, now, mentees_in=5, people=people)

    assert edit.difference.verdict == "needs_confirmation"
    assert gravest(edit).path == f"cohorts.{KEY}.{path}"
    assert reason in "; ".join(change.reason for change in edit.difference.of("needs_confirmation"))


REFUSED = {
    "another start": (
        "{ starts: 2027-03-08, ends: 2027-05-28, seats: 6 }",
        RECRUITING,
        "starts",
        "a cohort that has begun keeps its start; declare a new cohort",
    ),
    "another opening": (
        with_stages(recruit="opens: 2027-01-28, closes: 2027-02-08"),
        RECRUITING,
        "stages.recruit.opens",
        "recruit.opens has run already and keeps what it said",
    ),
    "what has run taken out": (
        with_mails(reminders(*STANDARD), THANKS),
        RECRUITING,
        "stages.recruit.emails",
        "recruit.invite#1 has run already and cannot be taken out",
    ),
    "what has run renamed": (
        with_mails("{ send: welcome_back, to: eligible, when: opens }", reminders(*STANDARD), THANKS),
        RECRUITING,
        "stages.recruit.emails[0].send",
        "recruit.invite#1 has run already",
    ),
    "a reminder put before one that is done": (
        with_mails(INVITE, reminders("10 days before closes", *STANDARD), THANKS),
        utc(2027, 2, 3, 9),
        "stages.recruit.emails[1].when",
        "recruit.reminder#1 has run already, and now something else stands in its place",
    ),
    "reminders in another order": (
        with_mails(INVITE, reminders(*reversed(STANDARD)), THANKS),
        utc(2027, 2, 3, 9),
        "stages.recruit.emails[1].when",
        "recruit.reminder#1 has run already, and now something else stands in its place",
    ),
    "another rhythm after the first check-in": (
        with_stages(check_in="every: 2 weeks"),
        CHECKING_IN,
        "stages.check_in.every",
        "the check-ins have begun and keep their rhythm",
    ),
    "another zone after the first mail": (
        f"{{ {DATES}, calendar: {{ time_zone: Europe/London }} }}",
        RECRUITING,
        "calendar.time_zone",
        "the first mail has gone by the old zone",
    ),
    "another form after it was handed out": (
        with_stages(check_in="survey: before"),
        CHECKING_IN,
        "stages.check_in.survey",
        "people have been asked with it since check_in#1",
    ),
    "another kind of program": (f"{{ {DATES}, type: reverse }}", RECRUITING, "type", "keeps its kind"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_happened_cannot_be_edited(what: str) -> None:
    after, now, path, reason = REFUSED[what]

    edit = judged(after, now)

    assert edit.difference.verdict == "refused"
    assert gravest(edit).path == f"cohorts.{KEY}.{path}"
    assert reason in "; ".join(change.reason for change in edit.difference.of("refused"))


def test_one_refused_change_refuses_the_whole_edit() -> None:
    edit = judged("{ starts: 2027-03-08, ends: 2027-06-25, seats: 3 }", mentees_in=5)

    verdicts = {change.path.rpartition(".")[2]: change.verdict for change in edit.difference.changes}
    assert verdicts == {"starts": "refused", "ends": "applied", "seats": "needs_confirmation"}
    assert edit.difference.verdict == "refused"


def test_a_change_names_its_line_and_column() -> None:
    line = "\n    starts: 2027-03-01\n    ends: 2027-05-28\n    seats: 3"

    change = gravest(judged(line, mentees_in=5))

    rows = texts_with(line)[f"{ID}.yaml"].splitlines()
    assert (change.file, rows[change.line - 1][change.column - 1 :]) == (f"program_configs/{ID}.yaml", "seats: 3")
    assert str(change).startswith(f"program_configs/{ID}.yaml:{change.line}:5: cohorts.{KEY}.seats: 6 becomes 3; ")


def test_every_check_in_moves_while_none_has_begun() -> None:
    edit = judged(with_stages(check_in="every: 2 weeks"))

    assert edit.difference.verdict == "applied"
    assert {entry.key for entry in edit.difference.added} >= {"check_in#3", "check_in#3.pulse#1"}


def test_a_later_deadline_never_repeats_a_reminder_that_has_gone() -> None:
    edit = judged(with_stages(recruit="closes: 2027-02-15"), utc(2027, 2, 3, 9))

    assert edit.difference.verdict == "applied"
    assert "recruit.reminder#1" not in {moved.key for moved in edit.difference.moved}
    assert "recruit.reminder#2" in {moved.key for moved in edit.difference.moved}


def test_what_is_being_done_keeps_its_words() -> None:
    stored = as_it_stands(cohort_with(PLAIN), RECRUITING)
    stored["recruit.reminder#1"] = Stored("pending", RECRUITING - timedelta(hours=1))
    gone = with_mails(INVITE, reminders(STANDARD[1]), THANKS)

    assert judged(gone, occasions=stored).difference.verdict == "refused"
    assert judged(gone, occasions=stored, is_held=True).difference.verdict == "needs_confirmation"


def test_an_overdue_date_of_a_held_cohort_may_move() -> None:
    now = utc(2027, 2, 20, 9)
    stored = as_it_stands(cohort_with(PLAIN), utc(2027, 2, 3))

    edit = judged(with_stages(recruit="closes: 2027-02-26"), now, occasions=stored, is_held=True)

    assert "recruit.closes" in {moved.key for moved in edit.difference.moved}


CONSEQUENCES = {
    "what waits for something": (
        utc(2027, 2, 17),
        "orient",
        "opens: 2027-02-16",
        "it happens as soon as match.approval",
    ),
    "a mail that is too late": (
        utc(2027, 2, 4, 12),
        "recruit",
        f"emails: [{INVITE}, {reminders(STANDARD[0], '2027-01-28')}, {THANKS}]",
        "recruit.reminder#2: 2027-01-28 has passed; it is skipped, because it would be more than 3 days late",
    ),
}


@pytest.mark.parametrize("what", CONSEQUENCES)
def test_a_date_in_the_past_says_what_becomes_of_it(what: str) -> None:
    now, stage, rules, told = CONSEQUENCES[what]
    stored = as_it_stands(cohort_with(PLAIN), now)
    for key in ("match.approval", "orient.opens"):
        stored[key] = Stored("pending")

    edit = judged(with_stages(**{stage: rules}), now, occasions=stored)

    assert edit.difference.verdict == "needs_confirmation"
    assert told in "; ".join(change.reason for change in edit.difference.changes)


def test_what_was_taken_out_may_come_back() -> None:
    stored = as_it_stands(cohort_with(PLAIN), RECRUITING)
    stored["recruit.reminder#2"] = Stored("cancelled", reason=TAKEN_OUT)
    without = with_mails(INVITE, reminders(STANDARD[0]), THANKS)

    edit = judged(PLAIN, before=without, occasions=stored)

    assert edit.difference.verdict == "applied"
    assert [item.key for item in edit.adds] == ["recruit.reminder#2"]


def test_the_same_words_written_otherwise_are_no_change() -> None:
    edit = judged(with_stages(recruit="closes: 2 weeks  after opens"))

    assert edit.difference.verdict == "applied"
    assert not (edit.moves or edit.adds or edit.drops)


def test_what_has_gone_is_listed_with_its_mails() -> None:
    difference = judged(with_stages(recruit="closes: 2027-02-15")).difference

    (invite,) = [each for each in difference.gone if each.mails]
    assert (invite.key, invite.state, invite.mails) == ("recruit.invite#1", "done", 10)


def test_a_line_that_says_the_same_is_empty() -> None:
    assert judged(PLAIN).difference.is_empty
    assert cohort_line(texts_with(PLAIN), ID, KEY)["seats"] == "6"


def test_a_difference_as_json_is_plain() -> None:
    told = judged(with_stages(recruit="closes: 2027-01-26")).difference.as_json()

    assert told["verdict"] == "needs_confirmation"
    assert told["cohort"] == f"{ID}/{KEY}"
    (closes,) = [each for each in told["moved"] if each["key"] == "recruit.closes"]
    assert (closes["from_on"], closes["to_on"]) == ("2027-02-08", "2027-01-26")
