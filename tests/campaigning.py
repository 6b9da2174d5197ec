"""One case of the campaign: what the provider does, where workers are killed, what a second run makes of it, the verdict.

The judge knows only two things: the provider's own record, and our ledger.
"""

import gc
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from grounds import Ground, Step, wait_until_alone
from killing import watch
from post_office import IMPATIENT, PostOffice
from provider import Signer, event, post
from scenes import Scene, enter

from cohortflow.engine import plainly
from cohortflow.store import breakers, instances, mail_stops, messages, settling
from cohortflow.store.database import Database
from cohortflow.store.tables import message_attempts, metadata, people, suppressions
from cohortflow.store.tables import messages as mails
from flows.advance import advance_program
from flows.delivery import deliver_mail
from flows.house import House, living_in
from flows.settling import settle_unknown

MAILS = 7
MOST_ROUNDS = 12
BARRED = "the address bounced"
ARRIVED = ("accepted", "delivered")
A_WHILE = timedelta(minutes=10)
Deliver = Callable[[House, datetime], object]


def deliver(house: House, now: datetime) -> object:
    """One delivery in this process."""
    with plainly(), living_in(house):
        return deliver_mail(now)


def queued_mails(home: Path, count: int) -> Step:
    """A house whose cohort has so many invitations queued, one of them to an address that is barred."""
    scene = enter("declared", home)
    scene.drop_roster()
    due_at = scene.occasion("recruit.invite#1")["due_at"]
    scene.live_to(due_at - timedelta(hours=1))
    now = due_at + timedelta(hours=2)  # working hours in Berlin, and for as long as a case takes
    with plainly(), living_in(scene.house):
        advance_program("small-circle", now)
    at_work = {row["person_id"] for row in scene.rows("people", site="Berlin")}
    queued = [row for row in scene.mails() if row["state"] == "queued" and row["person_id"] in at_work]
    ids = sorted(row["message_id"] for row in queued)
    assert len(ids) >= count
    with scene.house.database.write() as db:
        barred = db.execute(sa.select(people.c.email).where(people.c.person_id == _reader(scene, ids[0]))).scalar_one()
        hashed = mail_stops.address_hash(instances.read_secret(db), barred)
        db.execute(suppressions.insert().values(address_hash=hashed, reason=BARRED, since=now))
        gone = mails.c.message_id.not_in(ids[:count])
        db.execute(message_attempts.delete())
        db.execute(mails.delete().where(gone))
        db.execute(mails.update().values(not_before=now))
    scene.close()
    return Step(f"{count} mails", lambda _: None, now, home, {}, {})


def _reader(scene: Scene, message_id: str) -> str:
    return str(scene.rows("messages", message_id=message_id)[0]["person_id"])


@dataclass(frozen=True)
class Case:
    """What happens: the faults of the provider's first answers, and after how many points each worker is killed.

    A point of 0 lets a worker live. `again` kills the first recovery, too; with `early` the provider's events come
    before any recovery has begun.
    """

    faults: tuple[str, ...]
    kills: tuple[int, ...] = (0,)
    again: int = 0
    early: bool = False

    def __str__(self) -> str:
        early = ", events told early" if self.early else ""
        return f"{'+'.join(self.faults) or 'no fault'}, killed at {self.kills}, then at {self.again}{early}"


@dataclass
class Tally:
    """What a number of cases came to."""

    cases: int = 0
    kills: int = 0
    faults: int = 0
    posts: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    by_events: int = 0
    by_operator: int = 0
    complaints: list[str] = field(default_factory=list)
    bodies: set[str] = field(default_factory=set)
    seconds: float = 0.0

    def add(self, other: "Tally") -> "Tally":
        """The sum of two."""
        for name in self.__dataclass_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, mine | theirs if isinstance(mine, set) else mine + theirs)
        return self

    def __str__(self) -> str:
        return (
            f"{self.cases} cases: {self.kills} kills + {self.faults} faults of the provider, {self.posts} posts; "
            f"{self.accepted} accepted, {self.refused} refused, {self.unknown} unknown "
            f"({self.by_events} settled by events, {self.by_operator} by the operator); "
            f"{len(self.complaints)} duplicates, losses or silences; {self.seconds:.0f} s"
        )


@dataclass
class Court:
    """Where cases are tried: a ground on either database, and a post office of its own."""

    where: Ground
    step: Step
    office: PostOffice
    deliver: Deliver = deliver
    signer: Signer = field(default_factory=Signer)

    def try_case(self, case: Case, tally: Tally) -> bool:
        """Try one case; False when no worker lived long enough to be killed."""
        began = time.monotonic()
        self.office.plan(list(case.faults))
        scene = self.where.set_back(self.step)
        told = scene.house.settings.model_copy(update={"sendgrid_webhook_key": self.signer.public})
        house = replace(scene.house, settings=told, transport=self.office.transport(timeout=IMPATIENT))
        killed = self._work(house, case.kills, self.step.now)
        if any(case.kills) and not killed:
            return False
        if case.early:
            self._tell_events(house, self.office.record()["accepted"])
        if case.again:
            self._run_out(house)
            killed += self._work(house, (case.again,), self.step.now + A_WHILE)
        tally.cases, tally.kills = tally.cases + 1, tally.kills + killed
        self._recover_and_judge(house, scene, case, tally)
        tally.seconds += time.monotonic() - began
        return True

    def _work(self, house: House, kills: tuple[int, ...], now: datetime) -> int:
        house.database.close()
        children = []
        for number, point in enumerate(kills):
            mine = replace(house, worker=f"worker-{number}", transport=self.office.transport(timeout=IMPATIENT))
            children.append(_started(mine, now, point, self.deliver))
        statuses = [os.waitpid(child, 0)[1] for child in children]
        assert all(os.WIFSIGNALED(status) or status == 0 for status in statuses), "a delivery failed by itself"
        wait_until_alone(house.database)
        return sum(os.WIFSIGNALED(status) for status in statuses)

    def _run_out(self, house: House) -> None:
        with house.database.write() as db:
            db.execute(mails.update().where(mails.c.lease_until.is_not(None)).values(lease_until=0))

    def _recover_and_judge(self, house: House, scene: Scene, case: Case, tally: Tally) -> None:
        now = self._until_quiet(house, self.step.now + 2 * A_WHILE)
        said = judge(house.database, self.office.record()["accepted"])
        tally.unknown += self._settle(house, tally, now)
        record = self.office.record()
        said += judge(house.database, record["accepted"], settled=True)
        states = Counter(row["state"] for row in scene.rows("messages"))
        tally.accepted += sum(states[each] for each in ARRIVED)
        tally.refused += states["refused"]
        tally.posts += len(record["asked"])
        tally.faults += sum(fault != "accept" for _, fault in record["asked"])
        tally.bodies |= set(record["bodies"].values())
        if record["elsewhere"]:
            said.append("a redirect was followed")
        tally.complaints += [f"{case}: {each}" for each in said]

    def _until_quiet(self, house: House, now: datetime) -> datetime:
        """Deliver again and again, as the ticks would, until nothing moves any more; the operator mends the key."""
        for _ in range(MOST_ROUNDS):
            self._run_out(house)
            with house.database.write() as db:
                breakers.close(db, now, actor="role:operator")
            self.deliver(house, now)
            now += A_WHILE
            with house.database.read() as db:
                counts = messages.counts(db)
            if not counts.keys() & {"queued", "sending"}:
                break
        return now

    def _settle(self, house: House, tally: Tally, now: datetime) -> int:
        """What events tell settles; of the rest, each named, the operator knows that it never arrived.

        What is sent again may meet the next fault; then it is unknown, named and settled once more.
        """
        total, named = 0, _named(house)
        for _ in range(MOST_ROUNDS):
            total += len(named)
            self._tell_events(house, self.office.record()["accepted"])
            left = _named(house)
            tally.by_events, tally.by_operator = tally.by_events + len(named) - len(left), tally.by_operator + len(left)
            if not left:
                break
            for message_id in left:
                with living_in(house):
                    settle_unknown(message_id, "resend", "role:operator", now)
            now = self._until_quiet(house, now + A_WHILE)
            named = _named(house)
        return total

    def _tell_events(self, house: House, arrived: Collection[str]) -> None:
        """The provider's events of all it has taken: signed, twice each, in any order, posted to the real portal."""
        with house.database.read() as db:
            readers = dict(db.execute(_ADDRESSES, {"ids": sorted(set(arrived))}).tuples().all())
        told = [
            event(name, email, kind, second)
            for name, email in readers.items()
            for second, kind in enumerate(("processed", "delivered"))
        ]
        random.Random(len(told)).shuffle(doubled := told * 2)
        answer = post(house, self.signer, *doubled, event("0" * 32, "somebody@else.example"))
        assert answer.status_code == 200, answer.text


_ADDRESSES = (
    sa.select(mails.c.message_id, people.c.email)
    .join(people, mails.c.person_id == people.c.person_id)
    .where(mails.c.message_id.in_(sa.bindparam("ids", expanding=True)))
)


def _named(house: House) -> list[str]:
    """The mails of unknown fate that the operator is told of."""
    with house.database.read() as db:
        return [row["message_id"] for row in settling.unknown_mails(db)]


def judge(database: Database, accepted: Collection[str], *, settled: bool = False) -> list[str]:
    """What is wrong, by the provider's record: a duplicate, a loss, or a fate that nobody is told."""
    taken = Counter(accepted)
    with database.read() as db:
        rows = [dict(row) for row in db.execute(sa.select(metadata.tables["messages"])).mappings()]
        named = {row["message_id"] for row in settling.unknown_mails(db)}
    said = [f"{count} times the same mail" for count in taken.values() if count > 1]
    for row in rows:
        arrived, state = row["message_id"] in taken, row["state"]
        if state in ("queued", "sending"):
            said.append(f"a mail hangs in {state}")
        elif state in ARRIVED and not arrived:
            said.append(f"a mail counts as {state} and never arrived")
        elif state == "suppressed" and row["reason"] != BARRED:
            said.append("a mail is suppressed for no reason")
        elif state not in (*ARRIVED, "unknown") and arrived:
            said.append(f"a mail arrived and counts as {state}")
        elif state == "unknown" and (row["message_id"] not in named or settled):
            said.append("an unknown mail is not " + ("settled" if settled else "named"))
        elif state not in (*ARRIVED, "unknown") and not row["reason"]:
            said.append(f"a mail is {state} without a reason")
    if not any(row["state"] == "suppressed" for row in rows):
        said.append("a barred reader was written to")
    if unasked := set(taken) - {row["message_id"] for row in rows}:
        said.append(f"{len(unasked)} mails were sent that nobody had queued")
    return said


def _started(house: House, now: datetime, point: int, act: Deliver) -> int:
    """A worker that delivers in a process of its own, killed before its n-th point."""
    child = os.fork()
    if child:
        return child
    try:
        gc.disable()
        if point:
            left = point

            def reach() -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            watch(reach, house.database, house.settings.outbox)
            watch_requests(reach)
        act(house, now)
        house.database.close()
        os._exit(0)
    except BaseException:
        import traceback

        with suppress(BaseException):
            traceback.print_exc()
    finally:
        os._exit(1)


def watch_requests(reach: Callable[[], None]) -> None:
    """Have `reach` called before and after each piece of a request leaves, and before and after an answer is read."""
    for name in ("send", "recv", "connect"):
        _around(name, reach)


def _around(name: str, reach: Callable[[], None]) -> None:
    plain: Any = getattr(socket.socket, name)

    def watched(self: socket.socket, *given: Any) -> Any:
        reach()
        result = plain(self, *given)
        reach()
        return result

    setattr(socket.socket, name, watched)
