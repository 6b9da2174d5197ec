"""The coordinator's guide leads from the first file to a running cohort: every command of it, and what it shows."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from guide_pages import CHECKOUT, blocks
from guide_pictures import MOST_BYTES, PICTURES, take_pictures
from story_of_the_guide import PAGE, live_the_guide
from typer.main import get_command

from cohortflow.cli.main import app
from cohortflow.programs.reference_page import anchor

TEXT = PAGE.read_text(encoding="utf-8")
PROSE = re.sub(r"(?ms)^```.*?^```$", "", TEXT)


@dataclass(frozen=True)
class Lived:
    """A folder in which the guide has been followed, and the commands that were typed."""

    home: Path
    commands: list[str]


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    home = tmp_path_factory.mktemp("guide") / "with spaces"
    home.mkdir()
    return Lived(home, list(live_the_guide(home)))


@pytest.mark.slow
def test_every_command_of_the_guide_works_as_shown(guide: Lived) -> None:
    assert len(guide.commands) == sum(block.language == "sh" for block in blocks(PAGE))
    for page in ("plan.html", "invite.html", "gallery.html", "trial/book.html", "trial/report.html"):
        assert (guide.home / "out" / page).is_file()


def test_every_command_in_a_sentence_exists():
    commands = get_command(app).commands
    named = [line.split() for line in re.findall(r"`cohortflow ([^`]+)`", PROSE)]

    assert len(named) > 5
    for name, *words in named:
        known = {option for each in commands[name].params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= known, name


@pytest.mark.parametrize("page", ["coordinator.md", "changing.md", "operations.md", "pull-request-check.md"])
def test_every_link_leads_somewhere(page):
    text = (CHECKOUT / "docs" / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, heading = target.partition("#")
        if path.startswith("http"):
            continue
        there = CHECKOUT / "docs" / (path or page)
        assert there.is_file(), target
        if heading:
            titles = re.findall(r"(?m)^#+ (.+)$", there.read_text(encoding="utf-8"))
            assert heading in {anchor(title) for title in titles}, target


def test_every_chapter_stands_in_the_contents():
    chapters = re.findall(r"(?m)^## (.+)$", PROSE)

    assert [title for title, _ in re.findall(r"(?m)^- \[(.+)\]\(#(.+)\)$", PROSE)] == chapters


def test_every_story_of_what_happens_if_is_told_briefly():
    answers = TEXT.split("## What happens if")[1].strip().split("\n\n")[1:]

    assert len(answers) >= 15
    for answer in answers:
        question, _, told = answer.partition("?** ")
        assert question.startswith("**... ")
        assert 1 <= len(re.findall(r"[.!](?= |\n|$)", told)) <= 4, question


def test_every_picture_is_small_and_says_what_it_shows():
    shown = re.findall(r"!\[([^\]]*)\]\(pictures/([^)]+)\)", TEXT)

    assert {name for _, name in shown} == {path.name for path in PICTURES.iterdir()}
    assert all(len(words) > 40 for words, _ in shown)
    assert max(path.stat().st_size for path in PICTURES.iterdir()) < MOST_BYTES


@pytest.mark.slow
@pytest.mark.chromium
def test_the_pictures_can_be_taken_anew(guide: Lived, chromium_browser: Any, tmp_path: Path) -> None:
    taken = take_pictures(guide.home / "out", tmp_path, chromium_browser)

    assert {path.name for path in taken} == {path.name for path in PICTURES.iterdir()}
    assert all(10_000 < path.stat().st_size < MOST_BYTES for path in taken)
