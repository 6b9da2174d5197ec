"""`company` writes what HR would drop; `simulate` says at once what it was not given."""

import pytest

pytestmark = pytest.mark.slow


def test_a_company_is_a_year_of_rosters(run, tmp_path):
    shown = run("company", "--people", "40", "--seed", "2", "--out", tmp_path / "acme", "--on", "2027-01-04")

    assert shown.exit_code == 0
    assert (tmp_path / "acme" / "workers" / "workers-2027-01-04.csv").is_file()
    assert len(list((tmp_path / "acme" / "workers").iterdir())) == 13


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("simulate", "first-steps", "--cohort", "2027-sumer"), "did you mean 2027-summer?"),
        (("simulate", "first-step", "--cohort", "2027-summer"), "did you mean first-steps?"),
        (("simulate", "first-steps", "--cohort", "2027-summer", "--people", "none.csv"), "there is no such file"),
    ],
)
def test_what_is_not_there_is_told(run, tmp_path, arguments, told):
    shown = run(*arguments, "--out", tmp_path / "out")

    assert shown.exit_code == 1
    assert told in shown.stderr


def test_a_roster_that_cannot_be_used_ends_a_simulation_with_its_reason(run, tmp_path):
    roster = tmp_path / "people.csv"
    roster.write_text("Employee ID;Work Email\n1;ada@acme.example\n")

    shown = run("simulate", "first-steps", "--cohort", "2027-summer", "--people", roster, "--out", tmp_path / "out")

    assert shown.exit_code == 1
    assert "Name" in shown.stderr and "Traceback" not in shown.output
