"""Texts of mails that grow old, name no cohort or speak of what is not there are told at their line."""

from pathlib import Path

import pytest
from lint_bench import ID, edited, line_of

from cohortflow.mailroom.text_lints import mail_faults, text_faults
from cohortflow.mailroom.texts import as_read_by, read_texts
from cohortflow.programs.parsing import examine
from schemas.errors import Fault

SHIPPED = read_texts(Path(__file__).parents[2] / "templates")
SOUND = "---\nsubject: {{ program.name }}\nclass: service\n---\nHello,\n\nthis is {{ cohort.name }}, [Answer the questions]({{ link }}).\n"


def written(*more: str, name: str = "recruit/invite.en.md") -> list[Fault]:
    """The faults of a sound text with more below it."""
    return text_faults({name: SOUND + "".join(f"{line}\n" for line in more)})


def told(texts: dict[str, str], *changes: tuple[str, str], program_id: str = ID) -> list[Fault]:
    """What a program makes of the texts of its mails."""
    files = edited(*changes)
    _, runs = examine({**files, f"{program_id}.yaml": files[f"{ID}.yaml"]}, program_id)
    behind = as_read_by(program_id, texts)
    return sorted({fault for run in runs for fault in mail_faults(run, texts, behind)})


def test_no_shipped_text_trips_a_lint():
    assert text_faults(SHIPPED) == []
    assert told(SHIPPED) == []


@pytest.mark.parametrize(
    "words",
    ["by 2027-03-05", "by 5 March", "by March 5th", "am 5. März", "until 05.03.2027", "5/3/27", "in May 2027",
     "le 5 mars", "el 5 de marzo", "in Spring 2027", "by 29 Mar", "by Sept 29", "by 5 Dez.", "in Sep 2027"],
)  # fmt: skip
def test_a_date_in_a_text_is_told(words):
    (fault,) = written(f"Please answer {words}, thank you.")

    assert (fault.file, fault.line, fault.severity) == ("templates/recruit/invite.en.md", 8, "warning")
    assert "holds a date of its own" in fault.message
    assert "write a field, such as {{ deadline }}" in fault.message


@pytest.mark.parametrize(
    "words",
    ["by {{ deadline }}", "You may answer 5 questions.", "It takes 10 to 15 minutes, 24/7.", "https://acme.example/2027/05",
     "about 1.5 hours", "with 2000 colleagues", "with 5 Martians or Mark 5", "since 1998", "{% if counts.pairs > 2000 %}many{% endif %}"],
)  # fmt: skip
def test_words_without_a_date_are_silent(words):
    assert written(words) == []


def test_a_text_that_names_no_cohort_is_told():
    text = SOUND.replace("this is {{ cohort.name }}", "this is it")

    (fault,) = text_faults({"recruit/invite.en.md": text})

    assert (fault.line, fault.path, fault.severity) == (5, "body", "warning")
    assert "does not name the cohort" in fault.message and "write {{ cohort.name }}" in fault.message


def test_a_text_that_names_no_program_is_told():
    (fault,) = text_faults({"recruit/invite.en.md": SOUND.replace("{{ program.name }}", "Mentoring")})

    assert "does not name the program" in fault.message and "write {{ program.name }}" in fault.message


@pytest.mark.parametrize(
    ("stage", "field", "reason"),
    [
        ("recruit", "partners", "nobody has a partner before the match"),
        ("close", "deadline", "nothing is asked any more"),
        ("orient", "agenda", "only check-ins have an agenda"),
        ("evaluate", "lines", "no list belongs to these mails"),
    ],
)
def test_a_field_its_stage_leaves_empty_is_told(stage, field, reason):
    (fault,) = written(f"{{% if {field} %}}Look:{{% endif %}}", name=f"{stage}/mail.en.md")

    assert (fault.line, fault.column, fault.severity) == (8, 7, "warning")
    assert f"uses {field}, which is always empty in a mail of {stage}" in fault.message
    assert reason in fault.message and "remove it" in fault.message


def test_a_field_its_stage_brings_is_silent():
    assert written("{{ partners | names }}, by {{ deadline }}", name="check_in/mail.en.md") == []


def test_a_meeting_without_an_invitation_is_told():
    change = ("when: opens, attach: calendar 2 hours on start at 15:00 }", "when: opens }")

    (fault,) = told(SHIPPED, change)

    assert (fault.path, fault.severity) == ("stages.orient.emails[1].send", "warning")
    assert fault.line == line_of("send: orientation_invite", change)
    assert "templates/orient/orientation_invite.en.md uses meeting, which stays empty here" in fault.message
    assert "write attach: calendar 2 hours on start at 15:00" in fault.message


def test_partners_for_those_without_a_match_are_told():
    (fault,) = told(SHIPPED, ("send: meet_your_match, to: matched", "send: meet_your_match, to: unmatched"))

    assert fault.path == "stages.match.emails[0].send"
    assert "uses partners, which stays empty here: unmatched have no partner; write to: matched" in fault.message


def test_reports_for_those_who_lead_nobody_are_told():
    (fault,) = told(SHIPPED, ("to: managers of matched", "to: matched"))

    assert "uses people, which stays empty here: write to: managers of matched" in fault.message


def test_a_program_is_held_to_its_own_wording():
    own = {**SHIPPED, "rising-stars/recruit/invite.en.md": SOUND + "{{ meeting.when }}\n"}

    assert told(own) == []
    (fault,) = told(own, program_id="rising-stars")
    assert "templates/rising-stars/recruit/invite.en.md uses meeting" in fault.message


def test_a_password_in_a_text_is_an_error():
    (fault,) = written("password: hunter22")

    assert (fault.line, fault.severity) == (8, "error")
    assert "hunter22" not in str(fault)


@pytest.mark.parametrize("words", ["Dear { reader.name },", "Dear {reader.name},", "Dear [Name],", "see {link}"])
def test_half_a_field_is_told(words):
    (fault,) = written(words, name="match/waitlist.en.md")

    assert fault.severity == "warning" and "stays in the mail as it is typed" in fault.message
    assert fault.line == 8


@pytest.mark.parametrize(
    "words", ["{{ reader.name }}", "{% if link %}x{% endif %}", "[Name](https://acme.example)", "{}"]
)
def test_whole_fields_and_links_are_not(words):
    assert [each for each in written(words) if "as it is typed" in each.message] == []


def test_a_mail_that_asks_has_a_link():
    without = SOUND.replace(", [Answer the questions]({{ link }})", "")
    (fault,) = text_faults({"recruit/invite.en.md": without})

    assert "has no link to give it" in fault.message
    assert written("Do join us.") == [] == text_faults({"match/waitlist.en.md": without})


def test_prose_about_a_secret_is_none():
    for words in ("The secret: listening is half of it.", "Das Passwort: siehe Intranet"):
        assert written(words, name="match/waitlist.en.md") == []
    assert written("password: hunter22", name="match/waitlist.en.md") != []
