"""`preview --gallery`: every mail in every language for every kind of reader, from the files alone."""

import base64
import json
import re
import shutil
import zlib
from pathlib import Path

import pytest

from cohortflow.cli.gallery import messages_of, write_gallery
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from schemas.settings import Settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def spring():
    return read_cohort(
        read_config(ROOT / "program_configs" / "emerging-leaders.yaml"), "emerging-leaders", "2027-spring"
    )


def cards_of(path):
    packed = re.search(r'id="packed">([^<]*)<', path.read_text("utf-8"))[1]
    return {card["id"]: card for card in json.loads(zlib.decompress(base64.b64decode(packed)))["cards"]}


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    path = tmp_path_factory.mktemp("gallery") / "gallery.html"
    write_gallery(spring(), Stationery(read_texts(ROOT / "templates")), Settings(), path)
    return cards_of(path)


def test_every_message_is_there_in_every_language_for_every_reader(cards):
    messages = messages_of(spring(), Stationery(read_texts(ROOT / "templates")))

    wanted = {
        f"{language}/{stage}/{send}/{case}"
        for stage, send in messages
        for language in spring().program.email.languages
        for case in ("typical", "longest", "missing", "empty")
    }
    assert set(cards) == wanted
    assert ("recruit", "invite") in messages and ("program", "cohort_held") in messages


def test_every_mail_can_be_written_for_every_reader(cards):
    assert [(name, card["problem"]) for name, card in cards.items() if card["problem"]] == []


def test_a_mail_names_its_program_and_cohort(cards):
    assert "Emerging Leaders Mentoring, Spring 2027" in cards["en/recruit/invite/typical"]["subject"]
    assert "Frühjahr 2027" in cards["de/recruit/invite/typical"]["subject"]


def test_the_cases_differ_in_what_is_known(cards):
    typical, longest, missing, empty = (
        cards[f"en/match/meet_your_match/{case}"]["text"] for case in ("typical", "longest", "missing", "empty")
    )
    assert "Head of Regional Sales" in typical
    assert longest.count("@acme.example") >= 3
    assert "Pat Example" in missing and "Head of" not in missing
    assert "Pat Example" not in empty


def test_what_goes_with_a_mail_is_named(cards):
    def named(card):
        return [(file["name"], file["about"]) for file in cards[card]["files"]]

    assert named("en/match/meet_your_match/typical") == [("pat-example.vcf", "a card for the address book")]
    assert named("de/orient/orientation_invite/typical") == [("einladung.ics", "an invitation for the calendar")]
    assert named("en/close/thank_you/longest") == [("certificate.pdf", "a certificate")]
    assert named("en/program/report_ready/typical")[0][0] == "report.html"


def test_a_change_of_an_invitation_and_its_end_show_what_a_calendar_reads(cards):
    (first,), (moved,), (off,) = (
        cards[f"en/{name}/typical"]["files"]
        for name in ("orient/orientation_invite", "program/invitation_moved", "program/invitation_cancelled")
    )

    assert "METHOD:REQUEST" in first["text"] and "SEQUENCE:0" in first["text"]
    assert "METHOD:REQUEST" in moved["text"] and "SEQUENCE:1" in moved["text"]
    assert "METHOD:CANCEL" in off["text"] and "STATUS:CANCELLED" in off["text"]
    assert "Monday, 1 March 2027" in cards["en/program/invitation_moved/typical"]["text"]


def test_a_missing_language_is_told_and_the_rest_is_shown(tmp_path):
    templates = Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))
    (templates / "recruit" / "invite.de.md").unlink()
    problems = write_gallery(spring(), Stationery(read_texts(templates)), Settings(), tmp_path / "gallery.html")

    assert {card["id"] for card in problems} == {
        f"de/recruit/invite/{case}" for case in ("typical", "longest", "missing", "empty")
    }
    assert problems[0]["problem"] == "not written in de yet; these readers get it in en"
    assert cards_of(tmp_path / "gallery.html")["en/recruit/invite/typical"]["html"]


def test_the_command_writes_a_page_and_no_database(run, monkeypatch, tmp_path):
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COHORTFLOW_PROGRAM_DIR", "program_configs")

    shown = run("preview", "first-steps/2027-summer", "--gallery", tmp_path / "gallery.html")

    assert shown.exit_code == 0
    assert str(tmp_path / "gallery.html") in shown.stdout
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("asked", "written"), [("mails", "mails.html"), ("mails.v2", "mails.v2.html"), ("out", "out/gallery.html")]
)
def test_a_page_has_an_ending_by_which_a_browser_knows_it(run, monkeypatch, tmp_path, asked, written):
    monkeypatch.setenv("COHORTFLOW_PROGRAM_DIR", "program_configs")
    (tmp_path / "out").mkdir()

    shown = run("preview", "first-steps/2027-summer", "--gallery", tmp_path / asked)

    assert shown.exit_code == 0 and str(tmp_path / written) in shown.stdout
    assert (tmp_path / written).read_text("utf-8").startswith("<!doctype html>")


def test_a_preview_without_a_name_says_what_to_do(run):
    shown = run("preview", "first-steps/2027-summer")

    assert shown.exit_code == 1
    assert "--message" in shown.stderr and "--gallery" in shown.stderr
