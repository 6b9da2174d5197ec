"""`preview` shows a mail to somebody of the roster, or to a reader who is plainly made up, and writes nothing."""

import pytest
from scene_files import COHORT
from scenes import cohort_announced

pytestmark = pytest.mark.slow

MAILS = ("invite", "meet_your_match", "manager_notice", "welcome", "pulse", "thank_you", "approval_request", "goals")


@pytest.mark.slow
@pytest.mark.parametrize("message", MAILS)
def test_every_kind_of_mail_has_a_sample(run, message):
    shown = run("preview", "emerging-leaders/2027-spring", "--message", message)

    assert shown.exit_code == 0
    assert "Subject: " in shown.stdout
    assert "made-up reader" in shown.stderr


@pytest.mark.slow
@pytest.mark.parametrize("message", MAILS)
def test_a_sample_speaks_the_language_asked_for(run, message):
    shown = run("preview", "emerging-leaders/2027-spring", "--message", message, "--language", "de")

    assert "Language: de" in shown.stdout
    assert "Frühjahr 2027" in shown.stdout and "Hallo" in shown.stdout


def test_a_language_without_a_text_falls_back_whole(run):
    shown = run("preview", "emerging-leaders/2027-spring", "--message", "invite", "--language", "fr")

    assert "Language: en" in shown.stdout
    assert "1 March 2027" in shown.stdout and "mars" not in shown.stdout


def test_a_persons_own_mail_names_the_partner(run, at_home, tmp_path):
    scene = at_home(cohort_announced(tmp_path))
    mentee = scene.matches("approved")[0]["mentee_id"]
    before = scene.rows("messages"), scene.rows("events")

    shown = run("preview", COHORT, "--message", "meet_your_match", "--person", mentee, "--html", tmp_path / "mail.html")

    assert shown.exit_code == 0
    assert "@acme.example>" in shown.stdout
    assert "Meet " in shown.stdout
    assert "<html" in (tmp_path / "mail.html").read_text(encoding="utf-8")
    assert (scene.rows("messages"), scene.rows("events")) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--message", "invit"), "did you mean invite"),
        (("--message", "invite", "--person", "Z99"), "nobody in the roster"),
    ],
)
def test_what_is_not_there_is_told(run, at_home, tmp_path, arguments, told):
    at_home(cohort_announced(tmp_path))

    shown = run("preview", COHORT, *arguments)

    assert shown.exit_code == 1
    assert told in shown.stderr


def test_a_preview_makes_no_database(run, monkeypatch, tmp_path):
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("COHORTFLOW_PROGRAM_DIR", "program_configs")

    run("preview", "emerging-leaders/2027-spring", "--message", "invite")
    shown = run("preview", "emerging-leaders/2027-spring", "--message", "invite", "--person", "010001")

    assert "no database yet" in shown.stderr
    assert list(tmp_path.iterdir()) == []
