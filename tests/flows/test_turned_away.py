"""What the provider turns away as a whole: a key stops every worker, a sender its own mail, and nothing is lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from post_office import PostOffice, opened_post_office
from pydantic import SecretStr
from queued_invitations import at_the_invitations, delivered, states

from cohortflow.store import breakers
from flows import delivery


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with opened_post_office() as found:
        yield found


def test_a_key_that_is_turned_away_stops_every_worker_and_loses_nothing(tmp_path: Path, office: PostOffice) -> None:
    office.plan(["accept", "accept", "accept", "401"])
    scene = at_the_invitations(tmp_path, office.transport(in_flight=1))

    delivered(scene)

    assert states(scene) == {"accepted": 3, "queued": 7}
    scene.now += timedelta(minutes=10)
    scene.house = replace(scene.house, worker="another", transport=office.transport())
    assert delivered(scene) == {} and len(office.record()["asked"]) == 4
    other = office.transport()
    other._key = SecretStr("SG.another-key")
    scene.house.transport = other
    delivered(scene)
    assert states(scene) == {"accepted": 10} and len(set(office.record()["accepted"])) == 10


def test_mail_that_leaves_by_a_new_key_closes_what_was_said_of_the_old(tmp_path: Path, office: PostOffice) -> None:
    office.plan(["401"])
    scene = at_the_invitations(tmp_path, office.transport())
    delivered(scene)
    other = office.transport()
    other._key = SecretStr("SG.another-key")
    scene.house.transport = other
    scene.now += timedelta(minutes=10)
    delivered(scene)

    with scene.house.database.read() as db:
        assert breakers.open_breakers(db) == []


def test_the_mail_of_a_sender_that_may_not_send_waits_unasked(
    tmp_path: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.plan(["403 sender"] * 10)
    scene = at_the_invitations(tmp_path, office.transport())
    monkeypatch.setattr(delivery, "BATCH", 2)

    assert delivered(scene) == {"later": 10}

    assert len(office.record()["asked"]) <= 4
    assert states(scene) == {"queued": 10}
