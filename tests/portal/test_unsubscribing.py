"""One click ends mails that nobody has to get; looking at the link, however often, ends nothing."""

import re
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from provider import ask
from scenes import Scene
from story import ADA, BO

from cohortflow.mailroom.letters import eml
from cohortflow.store.tables import metadata

LINK = re.compile(r"http://127\.0\.0\.1:8080(/[a-z]+/[A-Za-z0-9._-]+)")


@pytest.fixture
def reminded(scene: Scene) -> Scene:
    """The pulse reminder is out, too."""
    return scene.live_past("check_in#1.pulse_reminder#1")


def everything(scene: Scene) -> dict[str, list[dict[str, Any]]]:
    return {name: scene.rows(name) for name in metadata.tables}


def letter(scene: Scene, template: str, person_id: str) -> Any:
    (mail,) = scene.mails(template, person_id)
    return next(sent.letter for sent in scene.sent if sent.letter.message_id == mail["message_id"])


def path_in(url: str) -> str:
    found = LINK.fullmatch(url)
    assert found, url
    return found[1]


def test_mail_that_can_be_refused_carries_the_link_in_head_and_foot(reminded: Scene) -> None:
    reminder = letter(reminded, "pulse_reminder", ADA)

    head = message_from_bytes(eml(reminder, reminded.now))
    assert head["List-Unsubscribe"].split() == [f"<{reminder.unsubscribe_url}>"]
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert reminder.unsubscribe_url in reminder.text and reminder.unsubscribe_url in reminder.html
    assert ADA not in reminder.unsubscribe_url


def test_mail_that_is_due_to_its_reader_carries_none(reminded: Scene) -> None:
    service = {mail["message_id"] for mail in reminded.mails() if mail["mail_class"] == "service"}
    letters = [sent.letter for sent in reminded.sent if sent.letter.message_id in service]
    assert not [each for each in letters if each.unsubscribe_url or "unsubscribe" in each.html + each.text]


@pytest.mark.slow
def test_getting_and_heading_every_link_changes_nothing(reminded: Scene) -> None:
    before = everything(reminded)
    paths = {path for sent in reminded.sent for path in LINK.findall(sent.letter.text + sent.letter.html)}
    assert len([path for path in paths if "unsubscribe" in path]) > 3

    for path in sorted(paths):
        for method in ("GET", "HEAD", "GET", "OPTIONS"):
            ask(reminded.house, method, path)

    assert everything(reminded) == before


def test_the_page_asks_and_its_button_posts_to_the_same_place(reminded: Scene) -> None:
    page = ask(reminded.house, "GET", path_in(letter(reminded, "pulse_reminder", ADA).unsubscribe_url))

    assert page.status_code == 200 and '<form method="post"><button' in page.text
    assert "Do you want no more reminders of mentorship programs?" in page.text
    assert "Ada" not in page.text and "@" not in page.text


@pytest.mark.parametrize(
    "given", [{"content": b"List-Unsubscribe=One-Click"}, {}, {"files": {"List-Unsubscribe": (None, "One-Click")}}]
)
def test_one_post_ends_the_reminders(reminded: Scene, given: dict[str, Any]) -> None:
    path = path_in(letter(reminded, "pulse_reminder", ADA).unsubscribe_url)

    first, second = (ask(reminded.house, "POST", path, **given) for _ in range(2))

    assert "You will get no more reminders" in first.text and first.text == second.text
    assert [(row["person_id"], row["scope"]) for row in reminded.rows("opt_outs")] == [(ADA, "reminders")]
    reminded.live_to(reminded.now + timedelta(days=60))
    told = [mail for mail in reminded.mails(person_id=ADA) if mail["mail_class"] == "reminder"][-1]
    assert (told["state"], told["reason"]) == ("suppressed", "the reader wants no more mails like this one")
    assert "final_survey" in {mail["template"] for mail in reminded.mails(person_id=ADA)}


def test_a_link_that_is_not_ours_tells_nothing(reminded: Scene) -> None:
    good = path_in(letter(reminded, "pulse_reminder", ADA).unsubscribe_url)
    (other,) = reminded.mails("pulse_reminder", BO)
    before = everything(reminded)
    paths = [
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        f"/unsubscribe/{other['message_id']}.{good.split('.')[1]}",
        f"/unsubscribe/{other['message_id']}",
        "/unsubscribe/" + "x" * 5_000,
        "/unsubscribe/%F0%9F%98%80",
        "/unsubscribe/%00",
    ]

    answers = [ask(reminded.house, method, path) for path in paths for method in ("GET", "POST")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert everything(reminded) == before
