"""The lines that some mails list: why a cohort is held, what is wrong in a file, what the plan says."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.mailroom.contexts import long_date
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.occasions import dated_occasions
from cohortflow.store import tallies
from cohortflow.store.cohorts import CohortRow
from cohortflow.store.messages import Message
from cohortflow.store.tables import events, matches, participants

MOST_LINES = 12


def lines_for(db: Connection, message: Message, cohort: Cohort, row: CohortRow) -> list[str]:
    """What the mail of this kind lists; most list nothing."""
    match message.template:
        case "cohort_held":
            return [row.held_reason or row.roster_hold or ""]
        case "roster_held":
            return [row.roster_hold or ""]
        case "declared_late":
            return plan_lines(cohort, message.language)
        case "program_fault":
            refused = [row.refused_line.split(" ", 1)[1]] if row.refused_line else []
            return [*refused, *tallies.program_faults(db, cohort.program_id)][:MOST_LINES]
        case "match_shortfall":
            return _arithmetic(db, cohort.id)
        case "rematch_approval_request":
            return _new_pairs(db, message)
        case "waitlist":
            return _own_reason(db, cohort.id, message.person_id)
        case _:
            return []


def plan_lines(cohort: Cohort, language: str) -> list[str]:
    """The first dates of a cohort, as a person reads them."""
    mails = [each for each in dated_occasions(cohort) if each.kind == "mail"]
    return [f"{long_date(each.due_on, language, True)}: {each.send} to {each.to}" for each in mails[:MOST_LINES]]


def _arithmetic(db: Connection, cohort_id: str) -> list[str]:
    query = sa.select(events.c.counts).where(events.c.chain == cohort_id, events.c.kind == "match.shortfall")
    found = db.execute(query.order_by(events.c.seq.desc()).limit(1)).scalar()
    return [str(found["arithmetic"])] if found else []


def _new_pairs(db: Connection, message: Message) -> list[str]:
    """How many pairs this one ending brought about; those that go on are no news."""
    query = sa.select(sa.func.count()).where(
        matches.c.cohort_id == message.cohort_id, matches.c.replaces == message.about
    )
    count = int(db.execute(query).scalar_one())
    return [f"{count} new pair{'' if count == 1 else 's'}"]


def _own_reason(db: Connection, cohort_id: str, person_id: str) -> list[str]:
    query = sa.select(participants.c.reason).where(
        participants.c.cohort_id == cohort_id, participants.c.person_id == person_id
    )
    found = db.execute(query).scalar()
    return [found] if found else []
