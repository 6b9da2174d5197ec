"""Samples to oneself: marked, dead, to one address, by the real transport, and never in the ledger."""

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from scenes import Scene, cohort_declared
from typer.testing import CliRunner

from cohortflow.cli.main import app

ME = "me@acme.example"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    opened = cohort_declared(tmp_path)
    monkeypatch.setenv("COHORTFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("COHORTFLOW_ENGINE", "plain")
    return opened


def send(*more: str) -> str:
    done = CliRunner().invoke(app, ["mail", "test", "small-circle/2027-spring", "--to", ME, *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_every_mail_comes_once_to_one_address_and_can_do_nothing(scene: Scene) -> None:
    before = scene.rows("messages")

    assert f"sent to {ME}; nothing of it stands in the ledger" in send()

    files = sorted((scene.home / "var" / "outbox").glob("test-*.eml"))
    assert len(files) > 8
    for file in files:
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert mail["Subject"].startswith("[TEST] ")
        assert (mail["To"], mail["Reply-To"], mail["Cc"], mail["Bcc"], mail["List-Unsubscribe"]) == (
            ME,
            ME,
            *[None] * 3,
        )
        html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))
        links = set(re.findall(r'href="([^"]*)"', html)) | set(re.findall(r"https?://\S+|mailto:\S+", text))
        assert {link.strip(".,)") for link in links} <= {"https://test.invalid"}
        assert "text/calendar" not in [part.get_content_type() for part in mail.walk()]
    assert scene.rows("messages") == before


def test_one_mail_in_one_language(scene: Scene) -> None:
    send("--message", "invite", "--language", "en")

    assert len(list((scene.home / "var" / "outbox").glob("test-*.eml"))) == 1


@pytest.mark.parametrize("to", ["me", "a@acme.example, b@acme.example", "Me <me@acme.example>", "a@x\nBcc: b@y"])
def test_anything_but_one_plain_address_is_refused(scene: Scene, to: str) -> None:
    done = CliRunner().invoke(app, ["mail", "test", "small-circle/2027-spring", "--to", to])

    assert done.exit_code == 1 and "one plain address" in done.output
    assert list((scene.home / "var" / "outbox").glob("*.eml")) == []
