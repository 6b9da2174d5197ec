"""The tick: take files in, find what is ready, have it done, and start delivery. Late, twice or at once: harmless."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cohortflow.engine import end_silent_runs, flow, in_deployment, live_parameters, show_table, start_deployment
from cohortflow.store import instances, messages, occasions
from flows.advance import advance_program
from flows.canary import send_canary
from flows.configuration import take_in_programs, take_in_texts
from flows.delivery import deliver_mail, start_delivery
from flows.house import House, current_house
from flows.roster import see_who_left, take_in_rosters
from flows.signals import sign_of_life
from flows.standing import show_news
from schemas.errors import CohortflowError

MOST_PROGRAMS_AT_ONCE = 16


@dataclass(frozen=True)
class Found:
    """What a tick found: programs with ready work (longest waiting first), mails, what is in the way."""

    programs: list[str] = field(default_factory=list)
    mails: int = 0
    faulty: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


@flow("advance-programs")
def advance_programs(now: datetime | None = None) -> Found:
    """Take files in, see what is ready, and start one run per program with ready work, and delivery."""
    house = current_house()
    with sign_of_life(house.settings.ping_url):
        return take_in_and_start(house, now or house.now())


def take_in_and_start(house: House, now: datetime) -> Found:
    """What a tick does."""
    take_in_texts(now)
    faulty = take_in_programs(now)
    held = take_in_rosters(now)
    see_who_left(now)
    found = look(now, faulty, held)
    send_canary(now)
    if in_deployment():
        end_silent_runs("advance-programs", "cohortflow", timedelta(seconds=house.settings.alarm_silent_seconds))
        start_runs(found, now)
    show_news(house, now)
    with house.database.write() as db:
        instances.note_tick(db, now)
    show_found(found)
    return found


def show_found(found: Found) -> None:
    """Show the operator what was found; a tick that found nothing leaves nothing to look at."""
    counts = {"ready programs": len(found.programs), "mails": found.mails}
    counts |= {"faulty programs": len(found.faulty), "held rosters": len(found.held)}
    if any(counts.values()):
        show_table("tick", [counts], "What this tick found")


def look(now: datetime, faulty: list[str], held: list[str]) -> Found:
    """What is ready and not done, in the time of what is ready."""
    house = current_house()
    only = house.settings.only_programs
    with house.database.read() as db:
        ready = [program_id for program_id in occasions.ready_work(db, now) if not only or program_id in only]
        # A mail whose sender vanished waits for delivery too: only a delivery looks what became of it.
        return Found(ready, messages.to_deliver(db, now), faulty, held)


def start_runs(found: Found, now: datetime) -> None:
    """Start the deployments: what waits longest first, and no program of which a run is still under way.

    Mail that is still to be queued is delivered when its program has been advanced.
    """
    stamp, busy = now.isoformat(), live_parameters("advance-program", "program_id")
    for program_id in to_start(found.programs, busy):
        given, about = {"program_id": program_id}, f"{program_id} {stamp}"
        start_deployment("advance-program/advance-program", given, about, tags=(program_id,))
    if found.mails:
        start_delivery(stamp)


def to_start(ready: list[str], busy: set[str]) -> list[str]:
    """The programs to start runs of: none that has one under way, and no more than help; the next tick goes on."""
    return [program_id for program_id in ready if program_id not in busy][:MOST_PROGRAMS_AT_ONCE]


def one_pass(now: datetime | None = None) -> dict[str, int]:
    """A whole tick in this process: what the schedule, the workers and delivery do together.

    Returns:
        Counts: occasions done, mails by outcome, programs that failed.
    """
    house, given = current_house(), now
    now = now or house.now()
    found = advance_programs(now)
    totals = {"occasions": 0, "failed": 0}
    for program_id in found.programs:
        try:
            totals["occasions"] += advance_program(program_id, now)
        except CohortflowError:
            totals["failed"] += 1
    mails = look(now, [], []).mails if found.programs else found.mails
    if mails:
        totals |= deliver_mail(given)
    return totals
