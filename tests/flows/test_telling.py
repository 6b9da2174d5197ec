"""An alarm reaches the operator by the mail of the house: once, and with nothing that Prefect does not show already."""

from dataclasses import replace
from pathlib import Path

from scenes import Scene, cohort_declared, cohort_recruiting

from cohortflow.engine import plainly
from cohortflow.operations.alarms import alarms
from cohortflow.store import overview
from flows.house import living_in
from flows.telling import tell_operator
from schemas.settings import Settings

OPERATOR = "ops@acme.example"


def told(scene: Scene, alarm: str, about: str = "", operator: str = OPERATOR) -> str:
    """Pass an alarm on."""
    house = replace(scene.house, settings=scene.house.settings.model_copy(update={"operator": operator}))
    with plainly(), living_in(house):
        return tell_operator(alarm, about, scene.now)


def test_an_alarm_is_one_mail_however_often_its_run_is_repeated(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    before = len(scene.sent)

    first = told(scene, "a cohort is held", "small-circle/2027-spring is held; `cohortflow status` says why.")
    again = told(scene, "a cohort is held", "small-circle/2027-spring is held; `cohortflow status` says why.")

    assert (first, again) == ("accepted", "")
    ((letter, _),) = scene.sent[before:]
    assert (letter.to_address, letter.subject) == (OPERATOR, "Cohortflow: a cohort is held")
    assert "small-circle/2027-spring is held" in letter.text and "small-circle/2027-spring is held" in letter.html
    with scene.house.database.read() as db:
        kinds = [each["kind"] for each in overview.event_rows(db) if each["chain"] == "company"]
    assert kinds.count("mail.alarm") == 1


def test_without_an_operator_nobody_is_told_and_nothing_fails(tmp_path: Path) -> None:
    scene = cohort_recruiting(tmp_path)
    before = len(scene.sent)

    assert told(scene, "ticks are late", operator="") == ""
    assert len(scene.sent) == before


def test_the_words_of_an_alarm_are_never_markup(tmp_path: Path) -> None:
    scene = cohort_declared(tmp_path)
    told(scene, "a run has failed or crashed", "circle: <b>Failed</b>")

    letter = scene.sent[-1][0]
    assert "<b>" not in letter.html and "&lt;b&gt;Failed" in letter.html


def test_every_alarm_says_how_long_it_waits() -> None:
    patient = {each.name: each for each in alarms(Settings(alarm_silent_seconds=90, alarm_no_tick_seconds=60))}

    assert "for 1.5 minutes" in patient["a run gives no sign of life"].about
    assert patient["a run gives no sign of life"].trigger.within.total_seconds() == 90
    assert "within 1 minute " in patient["no tick has ended well"].about
