"""Proof that the judge sees what it is there for: each bug that such systems have, put in, and a case goes red."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa
from campaigning import Case, Court, Tally
from scene_files import COHORT
from sqlalchemy.engine import Connection
from store_rows import MONDAY, intent

from cohortflow.mailroom.http_calls import Answer, Caller
from cohortflow.store import claiming, instances, messages, record
from cohortflow.store.tables import messages as mails
from flows import delivery
from flows.delivery import Delivery

pytestmark = pytest.mark.slow
Courts = Callable[[str, int], Court]
Bug = Callable[[ExitStack], None]


def put_in(stack: ExitStack, where: Any, name: str, instead: Any) -> None:
    """Replace a piece of ours for the length of the stack."""
    stack.enter_context(mock.patch.object(where, name, instead))


def queues_again_when_a_lease_runs_out(stack: ExitStack) -> None:
    def lapse(db: Connection, now: datetime) -> list[Any]:
        back = {"state": "queued", "lease_owner": None, "lease_until": None, "fence": mails.c.fence + 1}
        db.execute(mails.update().where(mails.c.state == "sending", mails.c.lease_until < 1).values(**back))
        return []

    put_in(stack, messages, "lapse", lapse)


def marks_before_it_sends(stack: ExitStack) -> None:
    plain = Delivery._post

    def post(self: Delivery, batch: list[Any], until: float) -> None:
        self.mark([messages.Result(message, "accepted") for message in batch])
        plain(self, batch, until)

    put_in(stack, Delivery, "_post", post)


def asks_nobody_whether_a_reader_is_barred(stack: ExitStack) -> None:
    put_in(stack, claiming, "decide", lambda *_: ({}, {}, {}))


def follows_redirects(stack: ExitStack) -> None:
    plain = Caller.post

    async def post(self: Caller, body: bytes, until: float) -> Answer:
        answer = await plain(self, body, until)
        if "location" not in answer.headers:
            return answer
        head, self._head = self._head, self._head.replace(b"/v3/mail/send", answer.headers["location"].encode())
        try:
            return await plain(self, body, until)
        finally:
            self._head = head

    put_in(stack, Caller, "post", post)


def claims_without_a_commit(stack: ExitStack) -> None:
    last_words, forgotten = delivery.append_notes, []

    def forget(db: Connection, *given: Any) -> None:
        last_words(db, *given)
        if len(forgotten) < 2:  # else it would send the same mails for ever
            forgotten.append(db)
            db.rollback()

    put_in(stack, delivery, "append_notes", forget)
    put_in(stack, Delivery, "_never_handed", lambda _, batch: batch)  # which would see it in time


PLANTED: dict[Bug, tuple[Case, str]] = {
    queues_again_when_a_lease_runs_out: (Case((), (1,)), "times the same mail"),
    marks_before_it_sends: (Case((), (1,)), "never arrived"),
    asks_nobody_whether_a_reader_is_barred: (Case(()), "a barred reader was written to"),
    follows_redirects: (Case(("redirect",)), "a redirect was followed"),
    claims_without_a_commit: (Case(()), "times the same mail"),
}


def tried(court: Court, case: Case) -> list[str]:
    """What the judge says of a case; where a worker is killed, of the case at every third point."""
    tally = Tally()
    if not any(case.kills):
        court.try_case(case, tally)
        return tally.complaints
    for point in range(20, 70, 3):
        if not court.try_case(Case(case.faults, (point,)), tally) or tally.complaints:
            break
    return tally.complaints


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__)
def test_a_planted_bug_turns_the_campaign_red(courts: Courts, bug: Bug) -> None:
    case, told = PLANTED[bug]
    court = courts("sqlite", 0)
    with ExitStack() as stack:
        bug(stack)
        said = tried(court, case)

    assert any(told in each for each in said), said
    if not any(case.kills):
        assert tried(court, case) == [], "without the bug the same case is fine"


def test_a_date_in_the_key_turns_it_red(courts: Courts) -> None:
    court = courts("sqlite", 0)
    scene = court.where.set_back(court.step)

    def queue_on(day: datetime) -> None:
        plain = instances.opaque_id

        def dated(secret: str, *parts: str) -> str:
            return plain(secret, *parts, f"{day:%Y-%m-%d}")

        with scene.house.database.write() as db, mock.patch.object(record.instances, "opaque_id", dated):
            record.queue(db, COHORT, [intent("T01", occasion="recruit.invite#9")], "-", day)

    queue_on(MONDAY)
    with pytest.raises(sa.exc.IntegrityError):
        queue_on(MONDAY + timedelta(days=1))
    scene.close()
