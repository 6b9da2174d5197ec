"""Alarms are made by code, once; an operator's switch is kept; and what they tell reaches whom was chosen.

Those about dead runs and missing ticks are heard in tests/badtimes/test_prefect.py, where runs and workers die.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from alarm_listener import Listener, listening, make_block
from first_circle import letters
from prefect.events.schemas.automations import AutomationCore
from prefect.states import Scheduled
from prefect_installation import wait_for
from raised_cohort import OPERATOR, OWNER, act, begin, ended, mails, messages, shown_now, store, table_of, without_ticks
from raised_installation import Raised
from scene_files import COHORT, STAFF

from cohortflow.operations.alarms import PREFIX, alarms, put_alarms_into_force
from cohortflow.store import cohorts, events, overview
from schemas.changes import Note
from schemas.errors import CohortflowError
from schemas.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def ours(system: Raised) -> list[Any]:
    """The automations of ours that the server has."""
    return [each for each in system.client.read_automations() if each.name.startswith(PREFIX)]


def core_of(automation: Any, **changed: Any) -> AutomationCore:
    """What of an automation is sent to the server, with some of it changed."""
    names = set(AutomationCore.model_fields) - {"owner_resource"}  # the server takes it on creation only
    return AutomationCore(**{name: getattr(automation, name) for name in names} | changed)


def test_up_has_made_each_once_and_visible(system: Raised) -> None:
    before = {each.name: each.id for each in ours(system)}

    done = put_alarms_into_force(system.client, Settings())

    assert {what for _, what in done} == {"unchanged"}
    assert {each.name: each.id for each in ours(system)} == before
    assert set(before) == {PREFIX + alarm.name for alarm in alarms(Settings())}


def test_what_an_operator_switched_off_stays_off(system: Raised) -> None:
    late = next(each for each in ours(system) if each.name.endswith("ticks are late"))
    system.client.pause_automation(late.id)
    system.client.update_automation(late.id, core_of(late, enabled=False, description="older"))

    done = dict(put_alarms_into_force(system.client, Settings()))

    assert done[late.name] == "changed"
    (found,) = [each for each in ours(system) if each.name == late.name]
    assert found.enabled is False
    system.client.resume_automation(found.id)


def test_one_no_longer_declared_is_removed(system: Raised) -> None:
    one = ours(system)[0]
    system.client.create_automation(core_of(one, name=f"{PREFIX}of former days"))

    assert (f"{PREFIX}of former days", "removed") in put_alarms_into_force(system.client, Settings())


def test_a_block_that_is_not_there_is_named(system: Raised) -> None:
    with pytest.raises(CohortflowError, match="has no block 'slack-webhook/nowhere'"):
        put_alarms_into_force(system.client, Settings(alarm_block="slack-webhook/nowhere"))


@pytest.fixture(scope="module")
def listener(system: Raised) -> Iterator[Listener]:
    """Somebody whom alarms are told, for as long as this module lasts."""
    with listening() as found:
        put_alarms_into_force(
            system.client, Settings(alarm_block=make_block(system.environment["PREFECT_API_URL"], found))
        )
        yield found
        put_alarms_into_force(system.client, Settings())


def hears(system: Raised, listener: Listener, alarm: str, about: str) -> str:
    """The first words of an alarm that speak of something, once they have come."""
    return str(wait_for(alarm, lambda: listener.heard(alarm, about), seconds=240, told=system.told)[0])


def test_a_failed_run_is_told_in_its_own_words(system: Raised, listener: Listener) -> None:
    failed = ended(system, begin(system, "hold-cohort", cohort_id="small-circel/2027-spring", by=OWNER))

    told = hears(system, listener, "a run has failed or crashed", failed.name)

    assert "(hold-cohort): Failed." in told and f"did you mean {COHORT}?" in told


def test_a_held_cohort_is_told(system: Raised, listener: Listener) -> None:
    act(system, "hold-cohort", cohort_id=COHORT, by=OWNER, why="a trial")
    try:
        assert f"`cohortflow status {COHORT}` says why" in hears(system, listener, "a cohort is held", COHORT)
    finally:
        act(system, "resume-cohort", cohort_id=COHORT, by=OWNER, really=True)


def test_mail_in_doubt_for_more_than_a_day_is_told_then_settled(system: Raised, listener: Listener) -> None:
    old, young = [row["message_id"] for row in mails(system, state="accepted", template="invite")[:2]]
    now = shown_now(system)
    with without_ticks(system):  # a delivery would ask the outbox, which knows
        doubt(system, {old: now - timedelta(hours=25), young: now - timedelta(hours=23)})
        act(system, "housekeeping")
        told = hears(system, listener, "a mail is in doubt", COHORT)
        looked = act(system, "settle-unknown-mail", by=OWNER)
        verdict = {"by": OWNER, "verdict": "sent", "why": "technical trouble"}
        runs = [begin(system, "settle-unknown-mail", message_id=each, **verdict) for each in (old, young)]
        assert all(ended(system, run).state.is_completed() for run in runs)

    assert told == f"{COHORT}: mails in doubt for more than a day: 1."
    assert {row["message_id"] for row in table_of(system, looked, "in-doubt")} == {old, young}
    assert mails(system, state="unknown") == []
    with store(system) as database, database.read() as db:
        settled = [each["actor"] for each in overview.event_rows(db) if each["kind"] == "mail.settled"]
    assert settled == [f"{OWNER}: technical trouble"] * 2


def test_a_mail_that_has_gone_twice_is_told_at_the_next_tick(system: Raised, listener: Listener) -> None:
    with store(system) as database, database.write() as db:
        cohorts.change(db, COHORT)  # holds the chain
        events.append(db, COHORT, [Note("mail.repeated", counts={"mails": 2})], at=shown_now(system), actor="provider")

    assert hears(system, listener, "a mail has gone twice", COHORT).startswith(
        f"{COHORT}: mails that have gone twice: 2"
    )


def doubt(system: Raised, since: Mapping[str, datetime]) -> None:
    """Let nobody know any more, since some instants, whether mails left."""
    with store(system) as database, database.write() as db:
        for message_id, at in since.items():
            it = messages.c.message_id == message_id
            db.execute(messages.update().where(it).values(state="unknown", unknown_at=at, sent_at=None))


def test_nobody_is_named_in_any_alarm(listener: Listener) -> None:
    told = str(listener.told)

    assert len(listener.told) >= 3
    assert "@" not in told
    assert not [line for line in STAFF.splitlines() if line.split(",")[2] in told]


def test_without_a_block_an_alarm_comes_by_our_own_mail_once(system: Raised, listener: Listener) -> None:
    put_alarms_into_force(system.client, Settings(alarm_block="mail", operator=OPERATOR))
    failed = ended(system, begin(system, "hold-cohort", cohort_id="small-circel/2027-winter", by=OWNER))

    def told() -> list[Any]:
        """The mails about that run: others may fail meanwhile, and are told of by theirs."""
        read: list[Any] = [message_from_bytes(text, policy=policy.default) for _, text in letters(system).values()]
        return [
            each
            for each in read
            if each["Subject"] == "Cohortflow: a run has failed or crashed" and failed.name in text_of(each)
        ]

    (mail,) = wait_for("the mail", told, seconds=180, told=system.told)
    put_alarms_into_force(system.client, Settings())
    teller = next(each for each in system.runs_of("tell-operator") if failed.name in each.parameters["about"])
    system.client.set_flow_run_state(teller.id, Scheduled(), force=True)
    again = wait_for("again", lambda: twice(system, teller), seconds=240, told=system.told)

    assert mail["To"] == OPERATOR
    assert again.state.is_completed() and len(told()) == 1


def text_of(mail: Any) -> str:
    """What a mail says."""
    return str(mail.get_body(("plain",)).get_content())


def twice(system: Raised, run: Any) -> Any:
    """A run that has been carried out a second time; None until then."""
    found = system.client.read_flow_run(run.id)
    return found if found.run_count == 2 and found.state.is_final() else None


def test_mail_to_nobody_is_refused_in_words(system: Raised) -> None:
    with pytest.raises(CohortflowError, match="set COHORTFLOW_OPERATOR"):
        put_alarms_into_force(system.client, Settings(alarm_block="mail", operator=""))
