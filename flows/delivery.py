"""Deliver mail: claim, write, send, mark. Separate from deciding, and as many workers as help."""

import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy.engine import Connection

from cohortflow.engine import flow, is_about_to_begin, show_progress, show_table, start_deployment, task
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import Outcome, Stoppable, Window
from cohortflow.mailroom.windows import opened
from cohortflow.mailroom.writing import Desk, open_desk, write_letter
from cohortflow.store import breakers, claiming, messages, places
from cohortflow.store.cohort_notes import Gathered, append_notes
from cohortflow.store.messages import Message, Result
from flows.house import House, current_house
from flows.instance import remember
from flows.reporting import report_attachment
from flows.settling import settle_what_is_known
from flows.standing import MOST_AT_ONCE, show_standings
from flows.stopping import Stop, told_to_stop
from flows.suppressions import learn_before_a_wave
from schemas.errors import CohortflowError, DeliveryError, ProgramError

logger = logging.getLogger("cohortflow.flows")

BATCH = 500
WORTH_A_CLAIM = 100  # so much room, or it is waited for more
REMEMBERED = 10_000  # mails on their way before: what is forgotten stands at the head of the queue, and comes next


@flow("deliver-mail")
def deliver_mail(now: datetime | None = None) -> dict[str, int]:
    """Send every mail that may go now; returns how many ended in which state."""
    house = current_house()
    now = now or house.now()
    settle_what_is_known(now)
    learn_before_a_wave(house, now)
    totals = send_waiting(now)
    show_table("delivery", [{"state": state, "mails": count} for state, count in totals.items()], "Mails of this run")
    return totals


def start_delivery(stamp: str) -> None:
    """Start a run of its own for the mails that wait, unless one is about to begin, which will find them, too."""
    if not is_about_to_begin("deliver-mail"):
        start_deployment("deliver-mail/deliver-mail", {}, stamp)


@task
def send_waiting(now: datetime) -> dict[str, int]:
    """Claim, send and mark until nothing is left that may go: a sliding window of letters on their way."""
    house = current_house()
    progress = show_progress("mail-progress", "mails of this delivery", lambda: _waiting(house, now))
    with opened(house.transport) as window, told_to_stop() as stop, seldom_collected():
        delivery = Delivery(house, now, window, stop)
        came_back: list[Result] = []
        while delivery.go_on(came_back) or delivery.on_their_way:
            progress(sum(delivery.totals.values()))
            came_back = delivery.what_came_back()
        progress(sum(delivery.totals.values()))
    show_standings(house, sorted(delivery.cohorts)[:MOST_AT_ONCE], now)
    return delivery.totals


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles of dead objects less often: a delivery leaves few, and looking took a fifth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _waiting(house: House, now: datetime) -> int:
    with house.database.read() as db:
        return messages.waiting(db, now)


@dataclass
class Delivery:
    """One delivery: what is on its way, and how what came back has ended."""

    house: House
    now: datetime
    window: Window
    stop: Stop
    on_their_way: dict[str, Message] = field(default_factory=dict)
    handed: dict[int, int] = field(default_factory=dict)  # by the hash of a message's id, the fence it had
    totals: dict[str, int] = field(default_factory=dict)
    cohorts: set[str] = field(default_factory=set)
    is_last: bool = False

    def go_on(self, came_back: list[Result]) -> int:
        """Write down what came back, claim as many mails as the window has room for, and send them on their way.

        Returns:
            How many mails were seen.
        """
        size = min(BATCH, self.window.room)
        if self.is_last or self.stop.is_told or size < 1:
            self.mark(came_back)
            return 0
        house, began = self.house, time.monotonic()
        try:
            batch, stopped = self._claimed(came_back, size)
        except Exception:
            self.mark(came_back)  # whatever keeps the next ones from being claimed, these have left
            raise
        remember(house.settings, house.watched, batch)
        batch = self._never_handed(batch)
        # The claim is durable before the first byte leaves: a crash from here on can lose track of a mail, never
        # repeat it. After half the lease not a byte of it leaves any more, even of a worker that was asleep.
        self._post(batch, began + house.settings.lease_seconds / 2)
        for state, count in stopped.items():
            self._count(state, count)
        seen = len(batch) + sum(stopped.values())
        self.is_last = seen < size  # fewer than asked for: nothing is left that may go
        return seen

    def _claimed(self, came_back: list[Result], size: int) -> tuple[list[Message], dict[str, int]]:
        """Mark what came back and claim more in one transaction: waiting for the disk takes as long as all of it."""
        house, notes = self.house, Gathered()
        owner, seconds = house.worker, house.settings.lease_seconds
        with house.database.write() as db:
            if came_back:
                messages.mark(db, came_back, self.now, owner=owner, notes=notes)
            found: tuple[list[Message], dict[str, int]] = ([], {})
            if not self._stands_still(db):
                found = claiming.claim_batch(db, self.now, owner=owner, lease_seconds=seconds, size=size, notes=notes)
            append_notes(db, notes, self.now, owner)
        self._ended(came_back)
        return found

    def _never_handed(self, batch: list[Message]) -> list[Message]:
        """The batch, unless the database has forgotten that some of it was on its way before: then nothing of it.

        A fence only grows. One that was seen here already means that a commit was lost, and that a mail would go twice.
        """
        again = [message for message in batch if message.fence <= self.handed.get(hash(message.message_id), -1)]
        if again:
            self._hold_everything(batch, {message.message_id for message in again})
            return []
        self.handed.update((hash(message.message_id), message.fence) for message in batch)
        if len(self.handed) > 2 * REMEMBERED:
            self.handed = dict(islice(self.handed.items(), REMEMBERED, None))
        return batch

    def _hold_everything(self, batch: list[Message], again: set[str]) -> None:
        house, self.is_last = self.house, True
        logger.error("%s: %d mails would have gone twice", places.FORGOT, len(again))
        with house.database.write_alone() as db:
            if not places.sending_hold(db):
                places.hold_sending(db, places.FORGOT, self.now)
        self.mark(
            [Result(message, "unknown" if message.message_id in again else "later", places.FORGOT) for message in batch]
        )

    def _stands_still(self, db: Connection) -> bool:
        transport = self.house.transport
        if isinstance(transport, Stoppable) and breakers.tripped(db, transport.name, transport.mark):
            self.is_last = True
        return self.is_last

    def _post(self, batch: list[Message], until: float) -> None:
        unwritten = []
        for message, letter in written(self.house, batch, self.now):
            if isinstance(letter, Outcome):
                unwritten.append(Result(message, letter.state, letter.code))
                continue
            self.on_their_way[message.message_id] = message
            self.window.put(letter, self.now, until)
        self.mark(unwritten)

    def what_came_back(self) -> list[Result]:
        """Wait for half of what is on its way, or for more if less keeps the way busy; with room, only look."""
        if self.stop.is_told:
            self.window.wind_down()
        has_room = self.window.room >= WORTH_A_CLAIM and not (self.is_last or self.stop.is_told)
        number = len(self.on_their_way)
        came_back = self.window.outcomes(0 if has_room else max((number + 1) // 2, number - self.window.busy_with))
        stops = [outcome for _, outcome in came_back if outcome.stops]
        if stops:
            self._stop_everybody(stops[0])
        return [Result(self.on_their_way.pop(key), each.state, each.code, each.after) for key, each in came_back]

    def _stop_everybody(self, outcome: Outcome) -> None:
        house, self.is_last = self.house, True
        logger.error("the mail transport stops: %s", outcome.code)
        if isinstance(house.transport, Stoppable):
            with house.database.write() as db:
                name, mark = house.transport.name, house.transport.mark
                breakers.trip(db, name, mark, outcome.code, self.now, actor=house.worker)

    def mark(self, results: list[Result]) -> None:
        """Write down how mails have ended, many at once."""
        if not results:
            return
        with self.house.database.write() as db:
            messages.mark(db, results, self.now, owner=self.house.worker)
        self._ended(results)

    def _ended(self, results: list[Result]) -> None:
        self.cohorts.update({result.message.cohort_id for result in results})
        for outcome, number in Counter([result.outcome for result in results]).items():
            self._count(outcome, number)

    def _count(self, state: str, number: int) -> None:
        self.totals[state] = self.totals.get(state, 0) + number


def written(house: House, batch: list[Message], now: datetime) -> list[tuple[Message, Letter | Outcome]]:
    """The letters of a batch, or what keeps one from being written."""
    if not batch:
        return []
    with house.database.read() as db:
        desk = open_desk(
            db,
            batch,
            house.stationery,
            house.settings.portal_url,
            lambda cohort: report_attachment(house, cohort, now),
            now,
        )
        return [(message, _written(desk, message)) for message in batch]


def _written(desk: Desk, message: Message) -> Letter | Outcome:
    try:
        return write_letter(desk, message)
    except (DeliveryError, ProgramError) as error:
        return Outcome("refused", str(error)[:200])
    except CohortflowError as error:
        return Outcome("retry", str(error)[:200])
