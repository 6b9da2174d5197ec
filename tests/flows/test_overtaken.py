"""A worker that sleeps past its lease, and another that does its work meanwhile: what the first still does and counts."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from queued_invitations import at_the_invitations, delivered
from scenes import Scene

from cohortflow.engine import plainly
from cohortflow.mailroom.outbox import OutboxTransport
from cohortflow.store import instances, suppressed
from cohortflow.store.mail_stops import address_hash
from cohortflow.store.tables import messages, people
from flows.delivery import deliver_mail
from flows.house import living_in

LEASE_SECONDS = 6


class Sleepy(OutboxTransport):
    """An outbox whose worker falls asleep while it waits for the disk."""

    meanwhile: Callable[[], None]

    def _sync(self, files: list[str]) -> None:
        self.meanwhile()
        super()._sync(files)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Ten invitations may go, and the worker that delivers them is sleepy."""
    sleepy = Sleepy(tmp_path / "post", durable=False)
    return at_the_invitations(tmp_path, sleepy, lease_seconds=LEASE_SECONDS)


def delivered_by_another(scene: Scene, post: Path) -> dict[str, int]:
    """What a second worker makes of mails whose lease has run out."""
    with scene.house.database.write() as db:
        db.execute(sa.update(messages).values(lease_until=1.0))
    other = replace(scene.house, worker="another", transport=OutboxTransport(post, durable=False))
    with plainly(), living_in(other):
        return deliver_mail(scene.now + timedelta(minutes=1))


def bar(scene: Scene, person_id: str) -> None:
    with scene.house.database.write() as db:
        address = db.execute(sa.select(people.c.email).where(people.c.person_id == person_id)).scalar_one()
        suppressed.bar(db, [(address_hash(instances.read_secret(db), address), suppressed.SPAM, scene.now)])


def test_what_another_worker_has_taken_over_is_not_counted_twice(scene: Scene, tmp_path: Path) -> None:
    found: list[dict[str, int]] = []
    scene.house.transport.meanwhile = lambda: found.append(  # type: ignore[attr-defined]
        delivered_by_another(scene, tmp_path / "post")
    )

    mine = delivered(scene)

    assert (found, mine) == ([{"accepted": 10}], {})
    assert {row["state"] for row in scene.mails()} == {"accepted"}


def test_a_woken_worker_delivers_nothing_to_a_reader_barred_meanwhile(scene: Scene, tmp_path: Path) -> None:
    began, barred = time.monotonic(), scene.mails()[0]

    def meanwhile() -> None:
        bar(scene, barred["person_id"])
        assert delivered_by_another(scene, tmp_path / "post") == {"accepted": 9, "suppressed": 1}
        while time.monotonic() < began + LEASE_SECONDS / 2 + 1:
            time.sleep(0.05)

    scene.house.transport.meanwhile = meanwhile  # type: ignore[attr-defined]
    assert delivered(scene) == {}

    letters = {path.stem for path in (tmp_path / "post").glob("*.eml")}
    assert letters == {row["message_id"] for row in scene.mails()} - {barred["message_id"]}
    assert {row["state"] for row in scene.mails(person_id=barred["person_id"])} == {"suppressed"}
