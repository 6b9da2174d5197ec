"""Live through whole cohorts: the real flows, store and mail on the instance clock, with robots for people.

Time jumps from one instant with something to do to the next. People answer at the end of their day; the approver
says yes the day after being asked. Same inputs and seed: the same life, whatever the machine and its clock.
"""

import heapq
import itertools
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from cohortflow.engine import plainly
from cohortflow.mailroom.transports import MemoryTransport
from cohortflow.programs.calendars import local_day, to_utc
from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.programs.documents import read_config
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.parts import part_of
from cohortflow.simulation.company import found_company
from cohortflow.simulation.passes import Passes
from cohortflow.simulation.robots import MailSeen, Robots
from cohortflow.store import messages, occasions, tallies
from cohortflow.store.cohorts import lock_row, resume
from flows.answers import take_in_answers
from flows.approval import approve_matches
from flows.house import House, living_in, open_house
from schemas.errors import CohortflowError
from schemas.replies import Refused, Reply
from schemas.settings import Settings

ANSWERING_HOUR = time(20)
APPROVING_HOUR = time(10)
ASKED_TO_APPROVE = ("approval_request", "rematch_approval_request")
# What somebody in HR typed by hand: an address without its sign, a day that never was, a status nobody mapped.
SLIPS = (
    "090001,jamie.acme.example,Jamie Slip,010001,Sales,Account Manager,P4,Berlin,2024-05-02,en,Active,f\r\n"
    "090002,robin.slip@acme.example,Robin Slip,010001,Sales,Account Manager,P2,Berlin,2024-02-31,en,Active,m\r\n"
    "090003,kim.slip@acme.example,Kim Slip,010001,Finance,Analyst,P3,Austin,2023-09-18,en,Secondment,f\r\n"
)
Progress = Callable[[datetime, float], None]
Waiting = tuple[datetime, int, str, Reply]  # when it is told, a number that keeps the order, the cohort, what is told


@dataclass(frozen=True)
class Cast:
    """A cohort and those who play its people."""

    cohort: Cohort
    robots: Robots


@dataclass
class Life:
    """Simulated cohorts, by id, after (or while) they are lived."""

    house: House
    casts: dict[str, Cast]
    transport: MemoryTransport
    began_at: datetime
    now: datetime
    passes: int = 0
    replies: int = 0
    refused: list[Refused] = field(default_factory=list)
    approvals: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def cohort(self) -> Cohort:
        """The cohort, for a life of a single one."""
        return next(iter(self.casts.values())).cohort

    @property
    def zone(self) -> str:
        """Where the company's day begins."""
        return self.cohort.program.calendar.time_zone


@dataclass(frozen=True)
class Roster:
    """What HR exports on a day: the same file every day, or a living company."""

    content: Callable[[date], bytes]
    source: str

    def drop(self, home: Path, day: date) -> None:
        """Put the day's export where the program looks for it, as an HR system does every night."""
        pattern = home / self.source
        name = pattern.name.replace("*", f"workers-{day.isoformat()}")
        if (pattern.parent / name).exists():
            return
        pattern.parent.mkdir(parents=True, exist_ok=True)
        for old in pattern.parent.glob("*.csv"):
            if old.name != name:
                old.unlink()
        (pattern.parent / name).write_bytes(self.content(day))


@contextmanager
def simulated(
    program_file: Path,
    key: str,
    *,
    people: int = 600,
    roster_file: Path | None = None,
    seed: int = 1,
    engine: str = "plain",
    progress: Progress | None = None,
    hook: Callable[[Life], None] | None = None,
) -> Iterator[Life]:
    """Live a cohort from two days before its first date to the last thing it does; the house is open in the block.

    Args:
        people: the size of the synthetic company, unless `roster_file` is a real export.
        engine: plain (functions) or prefect (Prefect's own engine).
        hook: called after every pass, for those who want to interfere.
    """
    with simulated_together(
        {program_file: [key]},
        people=people,
        roster_file=roster_file,
        seed=seed,
        engine=engine,
        progress=progress,
        hook=hook,
    ) as life:
        yield life


@contextmanager
def simulated_together(
    chosen: Mapping[Path, Collection[str]],
    *,
    people: int = 600,
    roster_file: Path | None = None,
    seed: int = 1,
    engine: str = "plain",
    progress: Progress | None = None,
    hook: Callable[[Life], None] | None = None,
) -> Iterator[Life]:
    """The same for cohorts of one company and calendar: program file -> keys of cohorts; the files share a folder."""
    cohorts = [
        read_cohort(read_config(file), file.stem, key, folder=file.parent.name)
        for file, keys in chosen.items()
        for key in keys
    ]
    first = min(each.due_at for cohort in cohorts for each in dated_occasions(cohort)) - timedelta(days=2)
    with ExitStack() as stack:
        settings = Settings(
            home=Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cohortflow-"))),
            program_dir=next(iter(chosen)).resolve().parent,
            only_programs=tuple(sorted({file.stem for file in chosen})),
            only_cohorts=tuple(sorted({cohort.key for cohort in cohorts})),
            durable=False,
            database_url="",
            mail="",
            ping_url="",
            lease_seconds=3600,
        )
        transport = MemoryTransport()
        house = open_house(settings, secret=f"simulation-{seed}", transport=transport)
        house.worker = "simulation"  # a machine's name in the history would make it another one there
        stack.callback(house.database.close)
        stack.enter_context(living_in(house))
        if engine == "plain":
            stack.enter_context(plainly())
        casts = {cohort.id: Cast(cohort, Robots(seed, cohort.forms, forms_of(cohort))) for cohort in cohorts}
        life = Life(house, casts, transport, first, first)
        live(life, roster_of(cohorts, people, roster_file, seed, first.date()), progress, hook)
        life.problems += roster_problems(house)
        yield life


def roster_problems(house: House) -> list[str]:
    """Why a roster could not be used."""
    with house.database.read() as db:
        return [str(row["reason"]) for row in tallies.source_rows(db) if row["state"] == "faulty"]


def roster_of(cohorts: Sequence[Cohort], people: int, roster_file: Path | None, seed: int, on: date) -> Roster:
    """The given export, or that of a synthetic company whose people join, leave and move from month to month."""
    source, ends = cohorts[0].program.people.source, max(cohort.ends for cohort in cohorts)
    if roster_file is not None:
        given = roster_file.read_bytes()
        return Roster(lambda day: given, source)
    company = found_company(people, seed, on)
    known: dict[date, bytes] = {}

    def of_the_month(day: date) -> bytes:
        # Once the last cohort is over, a quarter is close enough for who is still there.
        month = day.month if day <= ends else 1 + 3 * ((day.month - 1) // 3)
        exported = max(on, day.replace(month=month, day=1))
        if exported not in known:
            known[exported] = (company.roster_csv(exported) + SLIPS).encode()
        return known[exported]

    return Roster(of_the_month, source)


def forms_of(cohort: Cohort) -> dict[str, str]:
    """What a program calls the forms that robots fill in."""
    stages = cohort.program.stages
    names = {"apply": stages.recruit.form, "pulse": stages.check_in.survey, "after": stages.evaluate.survey}
    optional = {"agreement": stages.orient.agreement, "before": stages.orient.survey}
    return names | {purpose: name for purpose, name in optional.items() if name}


def live(
    life: Life,
    roster: Roster,
    progress: Progress | None,
    hook: Callable[[Life], None] | None,
) -> None:
    """Jump from instant to instant until nothing is left to do."""
    seen, order = 0, itertools.count()
    replies: list[Waiting] = []
    approvals: list[tuple[datetime, str]] = []
    ends = max(each.due_at for cast in life.casts.values() for each in dated_occasions(cast.cohort))
    passes, stuck = Passes(life.house, roster.source), 0
    while True:
        before = life.now
        roster.drop(life.house.settings.home, local_day(life.now, life.zone))
        totals = passes.at(life.now)
        life.passes += 1
        if totals["failed"]:
            life.problems.append(f"{life.now:%Y-%m-%d}: a cohort failed")
        sent = life.transport.sent[seen:]
        seen += len(sent)
        for mail in as_seen(life.house, [each.letter.message_id for each in sent]):
            if mail.template in ASKED_TO_APPROVE and mail.person_id == "role:approver#1":
                approvals.append((next_day_at(life.now, APPROVING_HOUR, life.zone), mail.cohort_id))
            if mail.template == "cohort_held":
                _owner_resumes(life, mail.cohort_id)
            for at, told in replies_to(mail, life.casts[mail.cohort_id].robots, life.zone):
                heapq.heappush(replies, (at, next(order), mail.cohort_id, told))
        if hook is not None:
            hook(life)
        life.now = next_instant(life, replies, approvals)
        if life.now is None or life.now > ends + timedelta(days=60):
            life.now = before
            return
        stuck = stuck + 1 if life.now <= before else 0
        if stuck > 50:
            raise CohortflowError(f"the simulation does not get past {before:%Y-%m-%d %H:%M} UTC")
        if progress is not None:
            progress(life.now, min(1.0, (life.now - life.began_at) / (ends - life.began_at)))
        _people_answer(life, replies)
        _approver_approves(life, approvals)


def next_instant(life: Life, replies: list[Waiting], approvals: list[tuple[datetime, str]]) -> datetime:
    """The next instant with something to do; None when there is none."""
    with life.house.database.read() as db:
        candidates = [occasions.next_instant(db), messages.next_instant(db)]
    candidates += [replies[0][0] if replies else None, min(approvals)[0] if approvals else None]
    known = [each for each in candidates if each is not None]
    return max(life.now, min(known)) if known else None  # type: ignore[return-value]


def replies_to(mail: MailSeen, robots: Robots, zone: str) -> Iterator[tuple[datetime, Reply]]:
    """What a robot answers to a mail, and the evening on which it does."""
    for reply in robots.replies_to(mail):
        told = Reply(reply.person_id, reply.form, reply.occasion, reply.answers, reply.at, reply.about)
        yield _evening_of(reply.at, zone), told


def _people_answer(life: Life, replies: list[Waiting]) -> None:
    due: dict[str, list[Reply]] = {}
    while replies and replies[0][0] <= life.now:
        *_, cohort_id, reply = heapq.heappop(replies)
        told = reply if reply.at <= life.now else Reply(**{**reply.__dict__, "at": life.now})
        due.setdefault(cohort_id, []).append(told)
    for cohort_id, told_now in sorted(due.items()):
        told_now.sort(key=lambda reply: (reply.at, reply.person_id, reply.form, reply.about))
        life.replies += len(told_now)
        life.refused += take_in_answers(life.house, cohort_id, told_now, life.now, via="robot")


def _approver_approves(life: Life, approvals: list[tuple[datetime, str]]) -> None:
    due = sorted({cohort_id for at, cohort_id in approvals if at <= life.now})
    approvals[:] = [(at, cohort_id) for at, cohort_id in approvals if at > life.now]
    for cohort_id in due:
        cohort = life.casts[cohort_id].cohort
        by = cohort.program.approvers[0] if cohort.program.approvers else cohort.program.owner
        life.approvals += approve_matches(cohort_id, part_of(by, cohort) or by, life.now)


def _owner_resumes(life: Life, cohort_id: str) -> None:
    """So many were asked because the company is that large; the owner has looked and says so."""
    with life.house.database.write() as db:
        row = lock_row(db, cohort_id)
        if row is not None and row.state == "held":
            resume(db, row, now=life.now, actor="role:owner")


def as_seen(house: House, message_ids: list[str]) -> list[MailSeen]:
    """Mails that have left, as their readers get them."""
    if not message_ids:
        return []
    with house.database.read() as db:
        rows = messages.rows_by_id(db, message_ids)
    return [
        MailSeen(
            person_id=row["person_id"],
            role=row["role"],
            template=row["template"],
            cohort_id=row["cohort_id"],
            occasion=row["occasion"],
            about=row["about"],
            match_ids=tuple(row["match_ids"]),
            stage=row["stage"],
            at=row["sent_at"],
            n=row["n"],
        )
        for row in sorted(rows, key=lambda row: row["message_id"])
    ]


def _evening_of(at: datetime, zone: str) -> datetime:
    evening = to_utc(local_day(at, zone), ANSWERING_HOUR, zone)
    return evening if at <= evening else to_utc(local_day(at, zone) + timedelta(days=1), ANSWERING_HOUR, zone)


def next_day_at(at: datetime, hour: time, zone: str) -> datetime:
    """An hour of the day after, in UTC."""
    return to_utc(local_day(at, zone) + timedelta(days=1), hour, zone).astimezone(UTC)
