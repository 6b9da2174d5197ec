"""A cohort lived before one's eyes: robots answer and approve, and the instance clock jumps to the next thing to do.

Everything else is the installation itself: its scheduled ticks, its runs, its mail. It lives in a home of its own.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cohortflow.engine import flow, live_parameters, start_deployment
from cohortflow.programs.calendars import local_day
from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.programs.documents import program_files, read_config
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.parsing import parse_program
from cohortflow.simulation.driver import (
    APPROVING_HOUR,
    ASKED_TO_APPROVE,
    Cast,
    Roster,
    as_seen,
    forms_of,
    next_day_at,
    replies_to,
    roster_of,
)
from cohortflow.simulation.robots import MailSeen, Robots
from cohortflow.store import instances, messages, occasions, posted
from flows.answers import take_in_answers
from flows.approval import approve_matches
from flows.house import House, current_house
from flows.tick import look
from schemas.errors import CohortflowError
from schemas.replies import Reply

MARK = "this-is-a-demo.json"  # lies in a home whose clock may be moved, and remembers up to when people have answered
PEOPLE, SEED = 600, 7
PACE_SECONDS = 2.0
UNDER_WAY = ("advance-programs", "advance-program", "deliver-mail")


@dataclass
class Stage:
    """The house of a demonstration, its cohorts and those who play their people."""

    house: House
    casts: dict[str, Cast]
    roster: Roster
    seen_until: datetime
    pending: list[tuple[datetime, str, Reply | None]] = field(default_factory=list)  # None: the approver's yes
    read: set[str] = field(default_factory=set)

    @property
    def zone(self) -> str:
        """Where the company's day begins."""
        return next(iter(self.casts.values())).cohort.program.calendar.time_zone

    @property
    def mark(self) -> Path:
        """The file that says this is a demonstration."""
        return self.house.settings.home / MARK


@flow("demo-life")
def live_on(pace: float = PACE_SECONDS) -> int:
    """Play the people of the demonstration until its cohort is over.

    Args:
        pace: seconds between two looks while a tick does its work.

    Returns:
        How many times the clock was moved on.
    """
    stage, moves = open_stage(current_house()), 0
    while True:
        now = stage.house.now()
        found = look(now, [], [])
        if found.programs or found.mails or not_begun(stage):
            have_it_done(now)
            time.sleep(pace)
        elif not move_on(stage, now):
            return moves
        else:
            moves += 1


def not_begun(stage: Stage) -> bool:
    """Whether no tick has taken the program in yet."""
    with stage.house.database.read() as db:
        return instances.last_tick(db) is None


def have_it_done(now: datetime) -> None:
    """Start a tick, unless one or what it has started is still under way."""
    if not any(live_parameters(name, "now") for name in UNDER_WAY):
        # The real instant, too: the clock stands still from one look to the next.
        start_deployment("advance-programs/advance-programs", {}, f"{now.isoformat()} {time.monotonic()}")


def move_on(stage: Stage, now: datetime) -> bool:
    """Let people answer what they would have by now, then move the clock; False when nothing is left to come."""
    read_mail(stage)
    answer_until(stage, now)
    stage.mark.write_text(json.dumps({"until": now.isoformat()}) + "\n", encoding="utf-8")
    coming = next_instant(stage)
    if coming is None:
        return False
    later = max(coming, now)
    stage.roster.drop(stage.house.settings.home, local_day(later, stage.zone))
    with stage.house.database.write() as db:
        instances.set_clock(db, base=later, started=datetime.now(UTC))
    return True


def open_stage(house: House) -> Stage:
    """The demonstration in a house.

    Raises:
        CohortflowError: the house is a real one, whose clock nobody moves.
    """
    mark = house.settings.home / MARK
    if not mark.is_file():
        raise CohortflowError(f"{house.settings.home} is no demonstration; its clock is left alone")
    cohorts = list(cohorts_in(house.settings.programs))
    casts = {each.id: Cast(each, Robots(SEED, each.forms, forms_of(each))) for each in cohorts}
    until = datetime.fromisoformat(json.loads(mark.read_text(encoding="utf-8"))["until"])
    first = first_instant(cohorts).date()
    return Stage(house, casts, roster_of(cohorts, PEOPLE, None, SEED, first), until)


def cohorts_in(folder: Path) -> Iterator[Cohort]:
    """Every cohort of every program in a folder."""
    for file in program_files(folder):
        texts = read_config(file)
        for key in parse_program(texts, file.stem, folder.name).cohorts:
            yield read_cohort(texts, file.stem, key, folder=folder.name)


def first_instant(cohorts: list[Cohort]) -> datetime:
    """An hour before the first thing falls due: where a demonstration begins."""
    return min(each.due_at for cohort in cohorts for each in dated_occasions(cohort)) - timedelta(hours=1)


def read_mail(stage: Stage) -> None:
    """What arrived since the last look, and when it will be answered."""
    with stage.house.database.read() as db:
        new = [each for each in posted.posted_ids(db) if each not in stage.read]
    stage.read.update(new)
    for mail in as_seen(stage.house, new):
        stage.pending += [each for each in _answers_to(stage, mail) if each[0] > stage.seen_until]


def _answers_to(stage: Stage, mail: MailSeen) -> Iterator[tuple[datetime, str, Reply | None]]:
    if mail.template in ASKED_TO_APPROVE and mail.person_id == "role:approver#1":
        yield next_day_at(mail.at, APPROVING_HOUR, stage.zone), mail.cohort_id, None
    for at, reply in replies_to(mail, stage.casts[mail.cohort_id].robots, stage.zone):
        yield at, mail.cohort_id, reply


def answer_until(stage: Stage, now: datetime) -> None:
    """Submit what is due by now, and approve what the approver would have approved."""
    due = sorted((each for each in stage.pending if each[0] <= now), key=lambda each: (each[0], each[1]))
    stage.pending = [each for each in stage.pending if each[0] > now]
    for cohort_id in sorted({each[1] for each in due}):
        told = [reply for _, cohort, reply in due if cohort == cohort_id and reply is not None]
        if told:
            told = [reply if reply.at <= now else Reply(**{**reply.__dict__, "at": now}) for reply in told]
            take_in_answers(stage.house, cohort_id, told, now, via="robot")
        if any(cohort == cohort_id and reply is None for _, cohort, reply in due):
            approve_matches(cohort_id, "role:approver#1", now)
    stage.seen_until = now


def next_instant(stage: Stage) -> datetime | None:
    """When the next thing is to be done, by the installation or by somebody who answers."""
    with stage.house.database.read() as db:
        coming = [occasions.next_instant(db), messages.next_instant(db)]
    known = [each for each in (*coming, *(at for at, _, _ in stage.pending)) if each is not None]
    return min(known, default=None)
