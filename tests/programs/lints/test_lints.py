"""Each lint of a program trips at its line, says how to mend it, and is silent once its cure is written."""

from dataclasses import dataclass

import pytest
from lint_bench import COMPANY, CONFIGS, PROGRAM, faults, line_of, shipped

from cohortflow.programs.documents import program_files
from cohortflow.programs.parsing import check_config
from schemas.errors import Fault

Change = tuple[str, str]
FIRST = "program_configs/first-steps.yaml"


@dataclass(frozen=True)
class Slip:
    """One mistake: what is written differently, where it is told, how gravely, in which words, and what mends it."""

    changes: tuple[Change, ...]
    path: str
    severity: str
    words: tuple[str, ...]
    mended: tuple[Change, ...]
    file: str = PROGRAM
    at: str = ""  # the text on the line it is told at, when that is not the last change

    @property
    def place(self) -> str:
        return self.at or self.changes[-1][1].strip().splitlines()[0]


PULSE_MAILS = (
    "      - { send: pulse, to: matched, when: opens }\n"
    "      - { send: pulse_reminder, to: no_response, when: 3 days after opens }\n"
)
SLIPS = {
    "weights that do not sum to 100": Slip(
        (("working_style: 10 }", "working_style: 20 }"),),
        "matching.prefer",
        "warning",
        ("sums to 45 + 30 + 15 + 20 = 110, not 100", "write { skills_wanted_offered: 41, career_goal: 27"),
        (("working_style: 20 }", "working_style: 10 }"),),
    ),
    "a ranking nobody makes": Slip(
        (("working_style: 10 }", "ranked_choice: 10 }"),),
        "matching.prefer.ranked_choice",
        "error",
        ("nobody is asked to rank", "choose: { opens: 1 day after recruit closes, for: 3 working days }"),
        (("    accept: {", "    choose: { opens: 1 day after recruit closes, for: 3 working days }\n    accept: {"),),
    ),
    "a weight on hours nobody gives": Slip(
        (("working_style: 10 }", "availability: 10 }"),),
        "matching.prefer.availability",
        "error",
        ("neither a column under people.columns nor a question of forms/apply.yaml", "add the question"),
        (("  capacity:\n", "  availability:\n    ask: When could you meet?\n    type: text\n  capacity:\n"),),
    ),
    "a rule on hours nobody gives": Slip(
        (("must: [ share: languages ]", "must: [ shared_hours: at least 2 a week ]"),),
        "matching.must[0].shared_hours",
        "error",
        ("nor a question of forms/apply.yaml", "add the question"),
        (("  capacity:\n", "  availability:\n    ask: When could you meet?\n    type: text\n  capacity:\n"),),
    ),
    "a rule on a column nobody knows": Slip(
        (("must: [ share: languages ]", "must: [ same: shoe_size ]"),),
        "matching.must[0].same",
        "error",
        ("is not a column of the roster, and no question of the application (got 'shoe_size')",),
        (("must: [ same: shoe_size ]", "must: [ same: career_goal ]"),),
    ),
    "a fairness column nobody knows": Slip(
        (("check_fairness_by: [gender, site]", "check_fairness_by: [shoe_size]"),),
        "matching.check_fairness_by[0]",
        "error",
        ("is not a column of the roster, and no question of the application (got 'shoe_size')",),
        (("check_fairness_by: [shoe_size]", "check_fairness_by: [working_style]"),),
    ),
    "an audience by what is asked only later": Slip(
        (("department: not Legal", "career_goal: Lead a first team"),),
        "who.mentees.career_goal",
        "error",
        ("is only asked of people who apply, and this decides who may", "add career_goal: and its header under"),
        (("languages: Languages,", "languages: Languages, career_goal: Career Goal,"),),
    ),
    "an owner who reports to itself": Slip(
        (("sponsor: vp-people@acme.example", "sponsor: Mentoring@acme.example"),),
        "sponsor",
        "warning",
        ("is the owner as well", "write the address of the person who pays for it, or remove the line"),
        (("sponsor: Mentoring@acme.example", "sponsor: vp-people@acme.example"),),
    ),
    "an approver who stands there twice": Slip(
        (("jo.lang@acme.example]", "jo.lang@acme.example, Dana.Reyes@acme.example]"),),
        "approvers[2]",
        "warning",
        ("stands here twice", "keep one of the two"),
        ((", Dana.Reyes@acme.example]", "]"),),
        at="Dana.Reyes",
    ),
    "an approval without if_silent": Slip(
        ((", if_silent: remind_then_hold }", " }"),),
        "stages.match.approve",
        "warning",
        ("does not say what happens when nobody approves the matches", "write if_silent: remind_then_hold"),
        (("within: 3 working days }", "within: 3 working days, if_silent: remind_then_hold }"),),
        at="approve: {",
    ),
    "an approval whose silence is to be a no": Slip(
        (("if_silent: remind_then_hold }", "if_silent: remind_then_decline }"),),
        "stages.match.approve.if_silent",
        "warning",
        ("ends no match here", "write if_silent: remind_then_hold"),
        (("if_silent: remind_then_decline }", "if_silent: remind_then_hold }"),),
    ),
    "an acceptance without if_silent": Slip(
        (("accept: { within: 5 working days, if_silent: remind_then_ask_owner }", "accept: { within: 5 working days }"),),
        "stages.match.accept",
        "warning",
        ("when one of a match never answers", "write if_silent: remind_then_ask_owner"),
        (("accept: { within: 5 working days }", "accept: { within: 5 working days, if_silent: proceed }"),),
    ),
    "a target without its question": Slip(
        (("survey: after", "survey: before"),),
        "measure.targets.nps",
        "warning",
        ("is a target nothing measures: forms/before.yaml has no question recommend:", "add it, or remove the target"),
        (("survey: before\n    emails:\n      - { send: final", "survey: after\n    emails:\n      - { send: final"),),
        at="targets: {",
    ),
    "a target on pulses nobody gets": Slip(
        ((PULSE_MAILS, ""),),
        "measure.targets.pulse_reply",
        "warning",
        ("no mail of stages.check_in goes at each check-in", "remove the target"),
        (("pulse_reply: 70%, ", ""),),
        at="targets: {",
    ),
    "data kept shorter than its outcome": Slip(
        (("keep: 24 months after end", "keep: 6 months after end"), ("[6 months, 12 months]", "[6 months, 18 months]")),
        "privacy.keep",
        "warning",
        ("stayed 18 months is measured on 2029-02-27", "write keep: 18 months after end, or longer", "2027-spring (line"),
        (("keep: 6 months after end", "keep: 18 months after end"),),
        file=COMPANY,
        at="keep: 6 months after end",
    ),
    "a match before the applications are in": Slip(
        (("runs: 3 working days after recruit closes", "runs: 3 working days before recruit closes"),),
        "stages.match.runs",
        "error",
        (
            "the match runs on 2027-01-20 (3 working days before recruit closes) in cohort 2027-spring (line",
            "the applications close on 2027-01-25 (3 weeks after opens): 5 days too early",
            "write runs: 3 working days after recruit closes",
        ),
        (("runs: 3 working days before recruit closes", "runs: 3 working days after recruit closes"),),
    ),
    "a match on the last day of applying": Slip(
        (("runs: 3 working days after recruit closes", "runs: recruit closes"),),
        "stages.match.runs",
        "warning",
        ("the same day, which counts to its end", "write runs: 3 working days after recruit closes"),
        (("runs: recruit closes", "runs: 1 day after recruit closes"),),
    ),
    "a welcome before the matches are approved": Slip(
        (("opens: 2 weeks before start", "opens: 1 day after match runs"),),
        "stages.orient.opens",
        "error",
        ("may be approved until 2027-02-02 (3 working days after it): 4 days too early", "write opens: 1 day after match"),
        (("opens: 1 day after match runs", "opens: 6 days after match closes"),),
    ),
    "a check-in before anybody has begun": Slip(
        (("first: 4 weeks after start", "first: 1 week before start"),),
        "stages.check_in.first",
        "error",
        ("but the orientation closes on 2027-03-01 (start): 7 days too early", "write first: 1 day after orient closes"),
        (("first: 1 week before start", "first: 4 weeks after start"),),
    ),
    "a last check-in after the final survey": Slip(
        (("last: 4 weeks before end", "last: 1 week before end"),),
        "stages.check_in.last",
        "error",
        ("opens on 2027-08-16", "the final survey opens on 2027-08-13 (2 weeks before end), 3 days earlier", "write last: 8"),
        (("last: 1 week before end", "last: 8 days before evaluate opens"),),
    ),
    "a cohort too short for a check-in": Slip(
        (("starts: 2027-03-01, ends: 2027-08-27", "starts: 2027-03-01, ends: 2027-04-20"),),
        "stages.check_in.last",
        "warning",
        ("no check-in takes place in cohort 2027-spring (line", "or let the cohort last longer"),
        (("ends: 2027-04-20", "ends: 2027-08-27"),),
        at="last: 4 weeks before end",
    ),
    "an end before the final survey is over": Slip(
        (("runs: 2 weeks after end", "runs: 3 days after end"),),
        "stages.close.runs",
        "error",
        ("but the final survey closes on 2027-09-03 (1 week after end): 4 days too early", "1 day after evaluate closes"),
        (("runs: 3 days after end", "runs: 2 weeks after end"),),
    ),
    "a reminder after closing": Slip(
        (("[7 days before closes, 2 days before closes] }\n      - { send: app", "[7 days before closes, 22 days after opens] }\n      - { send: app"),),
        "stages.recruit.emails[1].when[1]",
        "warning",
        ("goes on 2027-01-26 (22 days after opens)", "after the day on which answers close, 2027-01-25", "2 days before closes"),
        (("22 days after opens", "2 days before closes"),),
    ),
    "a reminder on the day of closing": Slip(
        (("[7 days before closes, 2 days before closes] }\n      - { send: app", "[7 days before closes, 21 days after opens] }\n      - { send: app"),),
        "stages.recruit.emails[1].when[1]",
        "warning",
        ("on the day on which answers close, 2027-01-25", "or when: closes if it is meant for that day"),
        (("21 days after opens", "closes"),),
    ),
    "more mails in a week than at_most": Slip(
        (("{ ask: 1 week after start, set_by", "{ ask: 10 days after start, set_by"),),
        "goals.set_by",
        "warning",
        ("would get 3 mails between", "email.at_most allows 2 in a week", "goals.ask#1 on 2027-09-23", "move or remove one"),
        (("{ ask: 10 days after start, set_by", "{ ask: 1 week after start, set_by"),),
    ),
    "two surveys in one week": Slip(
        (("every: 4 weeks", "every: 6 days"), ("open_for: 7 days", "open_for: 5 days"), (PULSE_MAILS, PULSE_MAILS[:50])),
        "stages.check_in.every",
        "warning",
        ("6 days after check-in 1 (2027-03-29), and the same people are asked", "leave at least 7 days between"),
        (("every: 6 days", "every: 4 weeks"),),
        at="every: 6 days",
    ),
    "a kick-off when everybody is away": Slip(
        (("starts: 2027-09-13, ends: 2028-03-03", "starts: 2027-12-27, ends: 2028-06-30"), ("{ opens: 2027-07-05 }", "{ opens: 8 weeks before start }")),
        "cohorts.2027-autumn.starts",
        "warning",
        ("the kick-off is on 2027-12-27 in cohort 2027-autumn", "most readers are not at work (Berlin: closed", "is 2028-01-03"),
        (("starts: 2027-12-27, ends: 2028-06-30", "starts: 2028-01-03, ends: 2028-06-30"),),
        at="starts: 2027-12-27",
    ),
    "an opening on a holiday of most sites": Slip(
        (("opens: 2027-07-05", "opens: 2027-05-01"), ("closed: [ 2027-12-24", "closed: [ 2027-05-01, 2027-12-24")),
        "cohorts.2027-autumn.stages.recruit.opens",
        "warning",
        ("the applications open on 2027-05-01 in cohort 2027-autumn", "the next day on which most are is 2027-05-03"),
        (("opens: 2027-05-01", "opens: 2027-05-03"),),
        at="opens: 2027-05-01",
    ),
    "an approval that ends in a closed week": Slip(
        (("within: 3 working days, if", "within: 4 days, if"), ("closed: [ 2027-12-24", "closed: [ 2027-02-01, 2027-12-24")),
        "stages.match.approve.within",
        "warning",
        ("the time for approving the matches ends on 2027-02-01 (4 days)", "the next day on which most are is 2027-02-02"),
        (("within: 4 days, if", "within: 5 days, if"),),
        at="within: 4 days",
    ),
    "a limit above the one over all programs": Slip(
        (("mentees_per_mentor: 2", "mentees_per_mentor: 4"),),
        "mentees_per_mentor",
        "warning",
        ("allows 4 mentees, and mentees_per_mentor_everywhere allows 3", "write mentees_per_mentor: 3"),
        (("mentees_per_mentor: 4", "mentees_per_mentor: 3"),),
    ),
    "a minimum above the one over all programs": Slip(
        (("mentees_per_mentor_everywhere: 3", "mentees_per_mentor_everywhere: 2"), ("mentees_per_mentor: 2", "mentees_per_mentor: 3\nmin_mentees_per_mentor: 3")),
        "min_mentees_per_mentor",
        "error",
        ("no mentor can have so many", "write min_mentees_per_mentor: 2, or less"),
        (("min_mentees_per_mentor: 3", "min_mentees_per_mentor: 2"), ("mentees_per_mentor: 3\n", "mentees_per_mentor: 2\n")),
        at="min_mentees_per_mentor: 3",
    ),
    "a limit above what the form lets offer": Slip(
        (("    for: mentors\n    from: 1\n    to: 5\n", "    for: mentors\n    from: 0\n    to: 1\n"),),
        "mentees_per_mentor",
        "warning",
        ("forms/apply.yaml lets nobody offer more than 1", "write to: 2 there"),
        (("    from: 0\n    to: 1\n", "    from: 0\n    to: 2\n"),),
        at="mentees_per_mentor: 2",
    ),
}  # fmt: skip


def told(slip: Slip, *changes: Change) -> list[Fault]:
    """The faults of the slip's own kind at its path."""
    return [fault for fault in faults(*changes) if fault.path == slip.path and slip.words[0] in fault.message]


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_told_at_its_line(name):
    slip = SLIPS[name]

    fault = told(slip, *slip.changes)[0]

    assert (fault.file, fault.line) == (slip.file, line_of(slip.place, *slip.changes, file=slip.file))
    assert fault.severity == slip.severity
    assert [words for words in slip.words if words not in fault.message] == []


@pytest.mark.parametrize("name", SLIPS)
def test_a_mended_slip_is_silent(name):
    slip = SLIPS[name]
    changes = (*slip.changes, *slip.mended)

    assert told(slip, *changes) == []
    assert [str(fault) for fault in faults(*changes) if fault.severity == "error"] == []


@pytest.mark.parametrize("path", program_files(CONFIGS), ids=lambda path: path.stem)
def test_shipped_programs_trip_no_lint(path):
    found = check_config(shipped(path.stem), path.stem)

    assert [str(fault) for fault in found if fault.severity != "note"] == []


def test_each_cohort_is_told_with_its_line():
    slip = SLIPS["a match before the applications are in"]

    found = [fault for fault in faults(*slip.changes) if fault.path == slip.path]

    assert [f"cohort {key} (line {line_of(f'{key}: {{', *slip.changes)})" in fault.message
            for key, fault in zip(("2027-spring", "2027-autumn"), found, strict=True)] == [True, True]  # fmt: skip


def test_what_nobody_wrote_is_told_at_the_cohort():
    change = ("closed: [ 2027-12-24", "closed: [ 2027-03-08, 2027-12-24")

    (fault,) = [fault for fault in faults(change, program_id="first-steps") if fault.path == "stages.recruit.opens"]

    assert (fault.file, fault.line) == (FIRST, line_of("2027-summer:", file=FIRST, program_id="first-steps"))
    assert "the applications open on 2027-03-08 (8 weeks before start)" in fault.message


def test_dates_without_an_open_day_are_told():
    (fault,) = faults(("closed: [ 2027-12-24 to 2028-01-02 ]", "closed: [ 2026-01-01 to 2032-12-31 ]"))[:1]

    assert fault.severity == "error"
    assert "the dates of this cohort cannot be worked out" in fault.message
    assert "check the years of the periods" in fault.message


def test_a_lint_waits_for_the_errors_of_its_dates():
    found = faults(("starts: 2027-03-01,", "starts: 2027-13-01,"), ("working_style: 10 }", "working_style: 20 }"))

    assert [(fault.path, fault.severity) for fault in found] == [
        ("cohorts.2027-spring.starts", "error"),
        ("matching.prefer", "warning"),
    ]
