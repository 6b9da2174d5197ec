"""Deliver mail: claim, write, send, mark. Separate from deciding, and as many workers as help."""

import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from traceback import extract_tb

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
INTO_THE_WORLD = ("smtp", "sendgrid")
WORTH_A_CLAIM = 100  # so much room, or it is waited for more
MOST_DOUBTS = 10  # in a row: an outage, in which each further mail would only be one more to settle
AFTER_DOUBTS = 1800
REMEMBERED = 10_000  # mails on their way before: what is forgotten stands at the head of the queue, and comes next


@flow("deliver-mail")
def deliver_mail(now: datetime | None = None) -> dict[str, int]:
    """Send every mail that may go now; returns how many ended in which state."""
    house, given = current_house(), now
    now = now or house.now()
    settle_what_is_known(now)
    learn_before_a_wave(house, now)
    totals = send_waiting(now, goes_on=given is None)
    show_table("delivery", [{"state": state, "mails": count} for state, count in totals.items()], "Mails of this run")
    return totals


def start_delivery(stamp: str) -> None:
    """Start a run of its own for the mails that wait, unless one is about to begin, which will find them, too."""
    if not is_about_to_begin("deliver-mail"):
        start_deployment("deliver-mail/deliver-mail", {}, stamp)


@task
def send_waiting(now: datetime, goes_on: bool = False) -> dict[str, int]:
    """Claim, send and mark until nothing is left that may go: a sliding window of letters on their way.

    Args:
        goes_on: ask the clock anew for each claim, for a delivery may still be at it when a reader's evening has begun.
    """
    house = current_house()
    way = refuse_a_way_nobody_chose(house)
    progress = show_progress("mail-progress", "mails of this delivery", lambda: _waiting(house, now))
    with opened(house.transport) as window, told_to_stop() as stop, seldom_collected():
        delivery = Delivery(house, now, window, stop, way=way, goes_on=goes_on)
        came_back: list[Result] = []
        try:
            while delivery.go_on(came_back) or delivery.on_their_way:
                progress(sum(delivery.totals.values()))
                came_back = delivery.what_came_back()
        except Exception:
            with suppress(Exception):  # whatever happened: what comes back of those on their way is written down
                delivery.wind_up()
            raise
        progress(sum(delivery.totals.values()))
        delivery.forget_other_keys()
    show_standings(house, sorted(delivery.cohorts)[:MOST_AT_ONCE], now)
    return delivery.totals


def refuse_a_way_nobody_chose(house: House) -> str:
    """By which way mail has left for the world before; it must not end up in a folder because a variable was not set.

    Raises:
        CohortflowError: it would.
    """
    with house.database.read() as db:
        way = places.mail_way(db)
    if way and not house.settings.mail and house.transport.way.startswith("outbox:"):
        raise CohortflowError(
            f"COHORTFLOW_MAIL is not set here, and mail of this database has left by {way}: nothing is sent; set it as "
            "for the others, or say COHORTFLOW_MAIL=outbox: to have mail written into var/outbox from now on"
        )
    return way


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
    way: str = ""  # noted as the one by which mail leaves for the world
    goes_on: bool = False
    doubts: int = 0  # how many of the last ones in a row are unknown
    barred: dict[str, Outcome] = field(default_factory=dict)  # by cohort, what is answered to every mail of its sender

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
            self.now = house.now() if self.goes_on else self.now
            batch, stopped = self._claimed(came_back, size)
        except Exception:
            self.mark(came_back)  # whatever keeps the next ones from being claimed, these have left
            raise
        try:
            remember(house.settings, house.watched, batch)
            # The claim is durable before the first byte leaves: a crash from here on can lose track of a mail, never
            # repeat it. After half the lease not a byte of it leaves any more, even of a worker that was asleep.
            self._post(self._never_handed(batch), began + house.settings.lease_seconds / 2)
        except Exception:
            self._give_back(batch)
            raise
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
            ended = messages.mark(db, came_back, self.now, owner=owner, notes=notes) if came_back else []
            found: tuple[list[Message], dict[str, int]] = ([], {})
            if not self._stands_still(db):
                found = claiming.claim_batch(
                    db, self.now, owner=owner, lease_seconds=seconds, size=size, notes=notes, way=house.transport.way
                )
                self._note_way(db, bool(found[0]))
            append_notes(db, notes, self.now, owner)
        self._ended(ended)
        return found

    def _note_way(self, db: Connection, is_used: bool) -> None:
        """Remember that mail has left for the world, before it does."""
        way = self.house.transport.way
        if is_used and way in INTO_THE_WORLD and way != self.way:
            places.note_way(db, way)
            self.way = way

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

    def _give_back(self, batch: list[Message]) -> None:
        """What was claimed and not handed over has surely not left; what is marked already stays as it is."""
        kept = [message for message in batch if message.message_id not in self.on_their_way]
        with suppress(Exception):  # whatever broke it off may be the database; then it is the lease that runs out
            self.mark([Result(message, "later", "the delivery broke off", 1) for message in kept])

    def wind_up(self) -> None:
        """Begin nothing more, wait for what is on its way, and write down what became of it."""
        self.is_last = True
        self.window.wind_down()
        while self.on_their_way and (came_back := self.what_came_back()):
            self.mark(came_back)

    def forget_other_keys(self) -> None:
        """Mail has left, so that what a key before this one was told is over."""
        transport, house = self.house.transport, self.house
        if self.totals.get("accepted") and isinstance(transport, Stoppable):
            with house.database.read() as db:
                stopped = {(each["transport"], each["mark"]) for each in breakers.open_breakers(db)}
            if any(name == transport.name and mark != transport.mark for name, mark in stopped):
                with house.database.write() as db:
                    breakers.close_others(db, transport.name, transport.mark, self.now, actor=house.worker)

    def _stands_still(self, db: Connection) -> bool:
        transport = self.house.transport
        if isinstance(transport, Stoppable) and breakers.tripped(db, transport.name, transport.mark):
            self.is_last = True
        return self.is_last

    def _post(self, batch: list[Message], until: float) -> None:
        unwritten = []
        for message, letter in written(self.house, batch, self.now):
            letter = self.barred.get(message.cohort_id, letter)
            if isinstance(letter, Outcome):
                unwritten.append(Result(message, letter.state, letter.code, letter.after))
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
        self.barred |= {self.on_their_way[key].cohort_id: each for key, each in came_back if each.stops_sender}
        for _, each in came_back:
            self.doubts = self.doubts + 1 if each.state == "unknown" else 0 if each.state == "accepted" else self.doubts
        if self.doubts >= MOST_DOUBTS and not self.is_last:
            logger.error("%d mails in a row are in doubt: the delivery ends, and the rest waits", self.doubts)
            self.is_last = True
            self.window.wind_down()
        wait = AFTER_DOUBTS if self.doubts >= MOST_DOUBTS else 0
        return [
            Result(self.on_their_way.pop(key), each.state, each.code, max(each.after, wait)) for key, each in came_back
        ]

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
            ended = messages.mark(db, results, self.now, owner=self.house.worker)
        self._ended(ended)

    def _ended(self, results: list[Result]) -> None:
        """Count what was written down; a mail that another worker has taken over counts with that one."""
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
    except Exception as error:  # of one mail; the others of the batch are not to wait for it
        met = extract_tb(error.__traceback__)[-1]  # never its words: they may quote somebody's data
        told = f"{type(error).__name__} at {Path(met.filename).name}:{met.lineno}"
        logger.error("mail %s cannot be written: %s", message.message_id, told)
        return Outcome("retry", told)
