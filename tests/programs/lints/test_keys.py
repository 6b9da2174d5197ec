"""Keys and passwords are told at their place, by no word of their own, and plain words are let through."""

import pytest
from lint_bench import ID, PROGRAM, edited, faults, line_of

from cohortflow.programs.lints.keys import key_faults
from cohortflow.programs.parsing import parse_program
from schemas.errors import ProgramError

SENDGRID = "SG.kZ81nVtSQ0eYw3xL0pQd4A.b7Jm2Xq9RtUvW4yZ1aBcDeFgHiJkLmNoPqRsTuVwXyZ"
SECRET = [
    f"name: {SENDGRID}",
    f"# {SENDGRID}",
    "password: hunter22",
    "smtp_password: hunter22",
    'api_key: "a1b2c3d4"',
    "client_secret = correct-horse",
    "Passwort: geheim42",
    "from: https://bot:hunter22@hr.acme.example/export.csv",
    "name: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "name: q83vEjRWeJq83vEjRWeJq83vEjRWeJ0K1mZx9Yb2Qw==",
    "name: AKIAIOSFODNN7EXAMPLE",
    "name: ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "-----BEGIN RSA PRIVATE KEY-----",
]
PLAIN = [
    "name: Emerging Leaders Mentoring",
    "meet: https://meet.acme.example/l/19:meeting_NjA4YjQ2ZmMtNDcwYS00YjQ5@thread.v2/0?context=8a7b",
    "owner: mentoring@acme.example",
    "from: inbox/Workers/HR_Export_2027-03-01_Europe_And_Asia_2027.csv",
    "ask: Which passwords and tokens do people forget most?",
    "colour: '#1a2b3c'",
    "prefer: { skills_wanted_offered: 45, career_goal: 30, different_department: 15, working_style: 10 }",
    "id: 123e4567-e89b-12d3-a456-426614174000",
    "# the token of a page is made by the portal",
]


@pytest.mark.parametrize("line", SECRET)
def test_a_secret_is_an_error_without_its_value(line):
    (fault,) = key_faults({"x.yaml": f"version: 1\n{line}\n"}, ["x.yaml"], "program_configs")

    assert (fault.file, fault.line, fault.severity) == ("program_configs/x.yaml", 2, "error")
    assert "keep it in an environment variable" in fault.message
    assert "hunter22" not in str(fault) and SENDGRID[:12] not in str(fault)


@pytest.mark.parametrize("line", PLAIN)
def test_plain_words_are_no_secret(line):
    assert key_faults({"x.yaml": f"version: 1\n{line}\n"}, ["x.yaml"], "") == []


def test_no_other_fault_shows_the_secret():
    change = ("owner: mentoring@acme.example", f"owner: {SENDGRID}")

    found = faults(change)

    assert {fault.line for fault in found} == {line_of("owner:", change)}
    assert {fault.file for fault in found} == {PROGRAM}
    assert "is not an email address (got '***')" in "".join(fault.message for fault in found)
    assert [str(fault) for fault in found if "kZ81" in str(fault) or "Xq9" in str(fault)] == []


def test_a_program_with_a_secret_is_not_accepted():
    with pytest.raises(ProgramError) as refused:
        parse_program(edited(("purpose: Prepare", "purpose: password: hunter22 Prepare")), ID)

    assert "hunter22" not in str(refused.value)


def test_the_name_of_a_variable_is_no_secret():
    change = ("purpose: Prepare", "purpose: see the variable COHORTFLOW_SENDGRID_KEY for how we Prepare")

    assert faults(change) == []


def test_a_secret_in_a_form_is_told_there():
    (fault,) = [fault for fault in faults(("name: How is it going?", f"name: {SENDGRID}")) if fault.severity == "error"]

    assert (fault.file, fault.path) == ("program_configs/forms/pulse.yaml", "name")
