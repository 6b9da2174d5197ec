"""Every fault of a program is found, at its line, in words that say how to mend it."""

from pathlib import Path

import pytest

from cohortflow.programs.cohorts import cohort_line, read_cohort
from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.parsing import parse_program
from schemas.errors import Fault, ProgramError

CONFIGS = Path(__file__).parents[2] / "program_configs"
ID = "emerging-leaders"


def shipped(name: str = ID) -> dict[str, str]:
    return read_config(CONFIGS / f"{name}.yaml")


def edited(old: str, new: str, file: str = f"{ID}.yaml") -> dict[str, str]:
    """The shipped program with one piece of one file written differently."""
    texts = shipped()
    assert old in texts[file], f"{old!r} is not in {file}"
    return {**texts, file: texts[file].replace(old, new, 1)}


def errors(texts: dict[str, str], program_id: str = ID) -> list[Fault]:
    try:
        parse_program(texts, program_id)
    except ProgramError as error:
        return list(error.faults)
    return []


def only_error(texts: dict[str, str]) -> Fault:
    (fault,) = errors(texts)
    return fault


# old text, new text, path, words of the message; the new text's first line is where the fault must be shown
BROKEN = [
    ("name: Emerging Leaders Mentoring", "name:", "name", "has no value"),
    ("name: Emerging Leaders Mentoring", "nmae: Emerging Leaders", "nmae", "did you mean 'name'?"),
    ("type: one_on_one", "type: one-on-one", "type", "did you mean 'one_on_one'?"),
    ("version: 1", "version: 2", "version", "write 1"),
    ("owner: mentoring@acme.example", "owner: mentoring at acme", "owner", "is not an email address"),
    ("jo.lang@acme.example]", "jo.lang@acme]", "approvers[1]", "is not an email address (got 'jo.lang@acme')"),
    ("starts: 2027-03-01,", "starts: 2027-13-01,", "cohorts.2027-spring.starts", "is not a date that exists"),
    ("starts: 2027-03-01,", "starts: 2027-02-29,", "cohorts.2027-spring.starts", "write YYYY-MM-DD"),
    ("starts: 2027-03-01,", "starts: 01.03.2027,", "cohorts.2027-spring.starts", "(got '01.03.2027')"),
    ("ends: 2027-08-27,", "ends: 2027-02-27,", "cohorts.2027-spring.ends", "is not after the cohort starts"),
    ("seats: 60 ", "seats: sixty ", "cohorts.2027-spring.seats", "is not a whole number"),
    ("seats: 60 ", "seats: 0 ", "cohorts.2027-spring.seats", "write a number from 1"),
    (", seats: 60 }", " }", "cohorts.2027-spring.seats", "is missing; write seats: 60"),
    ("seats: 60 }", "seats: 60, seets: 3 }", "cohorts.2027-spring.seets", "did you mean 'seats'?"),
    ("seats: 60 }", "seats: 60, version: 1 }", "cohorts.2027-spring.version", "cannot differ for one cohort"),
    ("2027-spring: {", "2027/spring: {", "cohorts.2027/spring", "is not a key for a cohort"),
    ("opens: 2027-07-05", "opens: 2027-07-32", "cohorts.2027-autumn.stages.recruit.opens", "is not a date that exists"),
    ("opens: 2027-07-05", "opnes: 2027-07-05", "cohorts.2027-autumn.stages.recruit.opnes", "did you mean 'opens'?"),
    ("level: P6 or above,", "level: P9 or above,", "who.mentors.level", "known, from the lowest: P1, P2"),
    ("level: P6 or above,", "level: p6 or above,", "who.mentors.level", "did you mean 'P6 or above'?"),
    ("level: P3 to P5,", "level: P5 to P3,", "who.mentees.level", "write P3 to P5"),
    ("level: P3 to P5,", "level: P3–P5,", "who.mentees.level", "did you mean 'P3 to P5'?"),
    ("tenure: at least 12 months", "tenure: at least a year", "who.mentors.tenure", "write for example at least 12 months"),
    ("department: not Legal", "departement: not Legal", "who.mentees.departement", "did you mean 'department'?"),
    ("department: not Legal", "department: Legal or above", "who.mentees.department", "only level has an order"),
    ("department: not Legal", "gender: f", "who.mentees.gender", "only the fairness report may read it"),
    ("if_more_apply: lottery", "if_more_apply: lotery", "if_more_apply", "did you mean 'lottery'?"),
    ("opens: 8 weeks before start", "opens: 8 wekes before start", "stages.recruit.opens", "unknown unit 'wekes'"),
    ("opens: 8 weeks before start", "opens: 8 weeks before stort", "stages.recruit.opens", "names no moment of a cohort"),
    ("opens: 8 weeks before start", "opens: 8 years before start", "stages.recruit.opens", "write 96 months"),
    ("opens: 8 weeks before start", "opens: 900 weeks before start", "stages.recruit.opens", "longer than ten years"),
    ("opens: 8 weeks before start", "opens: [start]", "stages.recruit.opens", "should be one phrase"),
    ("opens: 8 weeks before start", "opens: 3 days after runs", "stages.recruit.opens", "which recruit does not have"),
    ("form: apply", "form: aply", "stages.recruit.form", "did you mean 'apply', or write forms/aply.yaml"),
    ("form: apply", "form: ../apply", "stages.recruit.form", "use only a to z"),
    ("form: apply", "form: pulse", "stages.recruit.consent", "is not asked for in forms/pulse.yaml"),
    ("consent: required", "consent: yes", "stages.recruit.consent", "write required | optional"),
    ("to: eligible", "to: elligible", "stages.recruit.emails[0].to", "did you mean 'eligible'?"),
    ("to: applicant,", "to: applicants, wen: x,", "stages.recruit.emails[2].wen", "did you mean 'when'?"),
    ("{ send: invite, to: eligible, when: opens }", "{ to: eligible, when: opens }", "stages.recruit.emails[0].send", "is missing"),
    ("to: eligible, when: opens }", "to: applicant, when: opens }", "stages.recruit.emails[0].to", "on response"),
    ("to: matched, when: on approval", "to: matched, when: 2 days before approval", "stages.match.emails[0].when", "write 2 days after approval"),
    ("attach: contact_card", "attach: contact card", "stages.match.emails[0].attach", "is nothing that can be attached"),
    ("on start at 15:00", "on start at 25:00", "stages.orient.emails[1].attach", "is not a time of day"),
    ("runs: 3 working days after recruit closes", "runs: on approval", "stages.match.runs", "nobody knows beforehand"),
    ("closes: start", "closes: 2 days after closes", "stages.orient.closes", "counts from itself"),
    ("every: 4 weeks", "every: 4", "stages.check_in.every", "is not a length of time"),
    ("agenda: month_{n}", "agenda: Month {n}", "stages.check_in.agenda", "for example month_{n}"),
    ("if_silent: remind_then_hold", "if_silent: wait", "stages.match.approve.if_silent", "remind_then_ask_owner"),
    ("aim: most people matched, then best fit", "aim: best", "matching.aim", "best fit"),
    ("reporting_line: within 2 levels", "reporting_line: two", "matching.never[0].reporting_line", "within 2 levels"),
    ("time_zone_gap: more than", "time_zone: more than", "matching.never[1].time_zone", "did you mean 'time_zone_gap'?"),
    ("must: [ share: languages ]", "must: [ share: tongues ]", "matching.must[0].share", "is not a column of the roster"),
    ("must: [ share: languages ]", "must: [ in_file: x.csv ]", "matching.must[0].in_file", "write it under never"),
    ("in_file: do_not_pair.csv", "in_file: pairs.csv", "matching.never[3].in_file", "put it there"),
    ("in_file: do_not_pair.csv", "in_file: ../../etc/passwd", "matching.never[3].in_file", "not in the folder"),
    ("career_goal: 30,", "career_gaol: 30,", "matching.prefer.career_gaol", "did you mean 'career_goal'?"),
    ("career_goal: 30,", "career_goal: 3O,", "matching.prefer.career_goal", "is not a whole number"),
    ("career_goal: 30,", '"similar: gender": 30,', "matching.prefer.similar: gender", "only the fairness report"),
    ("seats_filled: 90%", "seats_filled: 90", "measure.targets.seats_filled", "write 90%"),
    ("nps: 40", "nps: 400", "measure.targets.nps", "is not a number from -100 to 100"),
    ("pulse_reply: 70%", "puls_reply: 70%", "measure.targets.puls_reply", "did you mean 'pulse_reply'?"),
    ("when: [halfway,", "when: [midway,", "measure.report.when[0]", "names no moment of a cohort"),
    ("when: [halfway,", "when: [opens,", "measure.report.when[0]", "does not say which stage"),
    ("pulse below 3,", "pulse is low,", "at_risk[1]", "is not a sign known here"),
    ("send: nudge }", "send: nudge, propose: rematch }", "escalate[0]", "should do one thing"),
    ("smallest_group: 5", "smallest_group: {}", "measure.smallest_group", "should be one value"),
    ("trial: {", "trail: {", "trail", "did you mean 'trial'?"),
    ("version: 1", "version: 1\nname: Twice", "name", "is written twice, first on line 4"),
]  # fmt: skip
IN_COMPANY = [
    ("time_zone: Europe/Berlin", "time_zone: Europe/Berln", "calendar.time_zone", "did you mean 'Europe/Berlin'?"),
    ("zone: America/Chicago", "zone: ../../etc/passwd", "calendar.sites.Austin.zone", "is not a time zone"),
    ("holidays: US-TX", "holidays: US-XX", "calendar.sites.Austin.holidays", "its parts are AK, AL"),
    ("holidays: IN-MH", "holidays: Xland", "calendar.sites.Pune.holidays", "as in DE-BE or US-TX"),
    ("2027-12-24 to 2028-01-02", "2028-01-02 to 2027-12-24", "calendar.closed[0]", "ends before it begins"),
    ("from: inbox/workers/*.csv", "from: ../workers/*.csv", "people.from", "leads out of the folder"),
    ("email: Work Email, ", "", "people.columns", "lacks email"),
    ("P3, P4", "P3, P3", "people.levels[3]", "stands here twice"),
    ("rows_drop_by: 20%", "rows_drop_by: 120%", "people.hold_if.rows_drop_by", "between 0% and 100%"),
    ("from: Acme Mentoring <mentoring@acme.example>", "from: Acme <mentoring>", "email.from", "is not a sender"),
    ('hours: "09:00-17:00"', "hours: 17:00-09:00", "email.hours", "closes before it opens"),
    ('hours: "09:00-17:00"', "hours: 9 to 5", "email.hours", "is not a range of hours"),
    ("at_most: 2 per person per week", "at_most: 2 a week", "email.at_most", "2 per person per week"),
    ("languages: [en, de]", "languages: [english]", "email.languages[0]", "is not the code of a language"),
    ("reply_to: owner", "reply_to: everyone", "email.reply_to", "is not an email address"),
    ("too_late_after: 3 days", "too_late_after: 3 hours", "email.too_late_after", "write days"),
]  # fmt: skip


def line_of(text: str, part: str) -> int:
    """The line on which the last line of `part` stands, for what was broken by adding a line."""
    return text[: text.index(part) + len(part)].count("\n") + 1


@pytest.mark.parametrize(("old", "new", "path", "words"), BROKEN, ids=lambda value: str(value)[:30])
def test_a_broken_program_names_line_and_cure(old, new, path, words):
    texts = edited(old, new)

    found = [fault for fault in errors(texts) if fault.path == path]

    assert [words in fault.message for fault in found] == [True], errors(texts)
    if path not in ("stages.recruit.consent", "name"):
        assert found[0].line == line_of(texts[f"{ID}.yaml"], new)
    assert found[0].file == f"program_configs/{ID}.yaml"


@pytest.mark.parametrize(("old", "new", "path", "words"), IN_COMPANY, ids=lambda value: str(value)[:30])
def test_a_broken_company_names_line_and_cure(old, new, path, words):
    texts = edited(old, new, "company.yaml")

    found = [fault for fault in errors(texts) if fault.path == path]

    assert [words in fault.message for fault in found] == [True], errors(texts)
    assert found[0].file == "program_configs/company.yaml"


@pytest.mark.parametrize("path", program_files(CONFIGS), ids=lambda path: path.stem)
def test_every_shipped_program_is_sound(path):
    assert errors(read_config(path), path.stem) == []


def test_the_column_points_at_the_value():
    fault = only_error(edited("starts: 2027-03-01,", "starts: 2027-13-01,"))

    assert (fault.line, fault.column) == (12, 26)
    assert str(fault) == (
        "program_configs/emerging-leaders.yaml:12:26: cohorts.2027-spring.starts: "
        "is not a date that exists (got '2027-13-01'); write YYYY-MM-DD, for example 2027-03-01"
    )


def test_all_faults_are_told_at_once():
    texts = edited("starts: 2027-03-01,", "starts: soon,")
    for old, new in [
        ("form: apply", "form: aply"),
        ("P6 or above", "P9 or above"),
        ("lottery", ""),
        ("trial:", "trail:"),
    ]:
        texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace(old, new, 1)
    texts["company.yaml"] = texts["company.yaml"].replace("Asia/Kolkata", "Asia/Poona", 1)

    assert [fault.path for fault in errors(texts)] == [
        "calendar.sites.Pune.zone",
        "cohorts.2027-spring.starts",
        "who.mentors.level",
        "if_more_apply",
        "stages.recruit.form",
        "trail",
    ]


def test_missing_keys_point_at_their_block():
    texts = edited("approve: { by: approvers, within: 3 working days,", "approve: { by: approvers,")
    texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace("accept: { within: 5 working days, ", "accept: { ", 1)

    assert errors(texts) == []  # what is left out is the standard lifecycle's

    texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace("set_by: 3 weeks after start, ", "", 1)
    fault = only_error(texts)
    assert fault.path == "goals.set_by"
    assert texts[f"{ID}.yaml"].splitlines()[fault.line - 1].startswith("goals:")


def test_a_missing_approver_or_sponsor_is_asked_for():
    texts = edited("sponsor: vp-people@acme.example", "# no sponsor")
    assert [(fault.path, "measure.report.to" in fault.message) for fault in errors(texts)] == [("sponsor", True)]

    texts = edited("approvers: [dana.reyes@acme.example, jo.lang@acme.example]", "# none")
    assert [fault.path for fault in errors(texts)] == ["approvers"]


def test_no_approvers_are_needed_without_approval():
    texts = edited("approvers: [dana.reyes@acme.example, jo.lang@acme.example]", "# none")
    line = "approve: { by: approvers, within: 3 working days, if_silent: remind_then_hold }"
    texts[f"{ID}.yaml"] = texts[f"{ID}.yaml"].replace(line, "approve: not_needed")

    assert parse_program(texts, ID).stages.match.approve is None


def test_a_minimal_program_stands_on_the_standard_lifecycle():
    program = parse_program(shipped("first-steps"), "first-steps")

    assert program.stages.check_in.survey == "pulse"
    assert program.measure.smallest_group == 5
    assert program.matching.prefer == {"skills_wanted_offered": 50, "career_goal": 30, "different_department": 20}
    assert program.mentees_per_mentor == 1
    assert program.trial is None


def test_a_program_needs_no_company_file():
    texts = {name: text for name, text in shipped("first-steps").items() if name != "company.yaml"}
    texts["first-steps.yaml"] += "people: { levels: [P1, P2, P3, P4] }\n"

    program = parse_program(texts, "first-steps")

    assert program.calendar.time_zone == "UTC"
    assert program.email.sender == "mentoring@acme.example"


def test_a_program_overrides_its_company_under_the_same_path():
    texts = edited(
        "who:\n", "email: { hours: 10:00-16:00 }\ncalendar: { sites: { Pune: { holidays: IN-DL } } }\nwho:\n"
    )

    program = parse_program(texts, ID)

    assert str(program.email.hours) == "10:00-16:00"
    assert program.email.languages == ("en", "de")
    assert program.calendar.sites["Pune"].zone == "Asia/Kolkata"
    assert program.calendar.sites["Pune"].holidays == "IN-DL"


def test_a_cohorts_own_line_changes_only_that_cohort():
    spring, autumn = (read_cohort(shipped(), ID, key) for key in ("2027-spring", "2027-autumn"))

    assert spring.program.stages.recruit.opens.text == "8 weeks before start"
    assert autumn.program.stages.recruit.opens.text == "2027-07-05"
    assert autumn.program.stages.recruit.closes == spring.program.stages.recruit.closes
    assert (autumn.id, autumn.name, autumn.seats) == ("emerging-leaders/2027-autumn", "Autumn 2027", 40)
    assert list(autumn.files) == ["do_not_pair.csv"]
    assert "apply" in autumn.forms


def test_a_stored_line_stands_for_the_one_in_the_file():
    line = cohort_line(shipped(), ID, "2027-spring") | {
        "seats": "12",
        "stages": {"orient": {"closes": "2 days before start"}},
    }

    cohort = read_cohort(shipped(), ID, "2027-spring", line)

    assert cohort.seats == 12
    assert cohort.program.stages.orient.closes.text == "2 days before start"


def test_an_undeclared_cohort_gets_the_nearest_key():
    with pytest.raises(ProgramError, match="did you mean '2027-spring'"):
        read_cohort(shipped(), ID, "2027-sprong")


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words\n"])
def test_an_empty_or_foreign_document_is_a_fault(text):
    (fault,) = errors({**shipped(), f"{ID}.yaml": text})

    assert (fault.line, fault.path) == (1, "file")


def test_a_program_that_says_only_its_version_hears_what_is_missing():
    missing = {fault.path for fault in errors({**shipped(), f"{ID}.yaml": "version: 1\n"})}

    assert {"name", "type", "purpose", "owner", "cohorts", "who"} <= missing


@pytest.mark.parametrize(
    "key", ["cohorts", "stages", "who", "people", "matching", "email", "calendar", "measure", "goals"]
)
@pytest.mark.parametrize("value", ["word", "[a, b]", "{a: b}", "[{a: [b]}]", "{a: {b: [c]}}", "[]", "{}", "''"])
def test_blocks_of_the_wrong_shape_are_faults_not_crashes(key, value):
    texts = shipped("first-steps")
    kept = [line for line in texts["first-steps.yaml"].splitlines() if line[:1] not in (" ", "#")]
    kept = [line for line in kept if line and not line.startswith(f"{key}:")]
    body = "\n".join(line for line in kept if line.partition(":")[2].strip()) + f"\n{key}: {value}\n"

    found = errors({**texts, "first-steps.yaml": body}, "first-steps")

    assert found
    assert all(fault.message for fault in found)
