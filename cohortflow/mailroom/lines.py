"""The lines that some mails list: why a cohort is held, what is wrong in a file, what the plan says."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.mailroom.locales import long_date
from cohortflow.mailroom.words import Phrasebook, Words
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.occasions import dated_occasions
from cohortflow.store import tallies
from cohortflow.store.cohorts import CohortRow
from cohortflow.store.edits import read_waiting
from cohortflow.store.messages import Message
from cohortflow.store.tables import events, matches, participants
from schemas.occasions import Occasion

MOST_LINES = 12


def lines_for(
    db: Connection, message: Message, cohort: Cohort, row: CohortRow, words: Words, phrases: Phrasebook
) -> list[str]:
    """What the mail of this kind lists, in the words of its reader; most list nothing."""
    match message.template:
        case "cohort_held":
            return [phrases.say(row.held_reason or row.roster_hold or "")]
        case "roster_held":
            return [phrases.say(row.roster_hold or "")]
        case "declared_late":
            return plan_lines(cohort, words)
        case "program_fault":
            refused = row.refused_line.split(" ", 1)[1].splitlines() if row.refused_line else []
            return [*refused, *tallies.program_faults(db, cohort.program_id)][:MOST_LINES]
        case "edit_waiting":
            return _consequences(db, cohort)
        case "match_shortfall":
            return [phrases.say(line) for line in _arithmetic(db, cohort.id)]
        case "rematch_approval_request":
            return _new_pairs(db, message, words)
        case "waitlist":
            return [phrases.say(line) for line in _own_reason(db, cohort.id, message.person_id)]
        case _:
            return []


def _consequences(db: Connection, cohort: Cohort) -> list[str]:
    """What the edit that waits would bring, and how to say yes to it; nothing when it waits no more."""
    waiting = read_waiting(db, cohort.id)
    if waiting is None:
        return []
    command = f"cohortflow confirm {cohort.id} --edit {waiting.mark} --by YOUR-ADDRESS"
    return [*waiting.consequences[: MOST_LINES - 1], command]


def plan_lines(cohort: Cohort, words: Words) -> list[str]:
    """The first dates of a cohort, as a person reads them."""
    mails = [each for each in dated_occasions(cohort) if each.kind == "mail"]
    return [_plan_line(each, words) for each in mails[:MOST_LINES]]


def _plan_line(mail: Occasion, words: Words) -> str:
    day, to = long_date(mail.due_on, words.language, True), mail.to or ""
    return words.say("lines", "plan", day=day, mail=mail.send or "", audience=words.say("audiences", to) or to)


def _arithmetic(db: Connection, cohort_id: str) -> list[str]:
    query = sa.select(events.c.counts).where(events.c.chain == cohort_id, events.c.kind == "match.shortfall")
    found = db.execute(query.order_by(events.c.seq.desc()).limit(1)).scalar()
    return [str(found["arithmetic"])] if found else []


def _new_pairs(db: Connection, message: Message, words: Words) -> list[str]:
    """How many pairs this one ending brought about; those that go on are no news."""
    query = sa.select(sa.func.count()).where(
        matches.c.cohort_id == message.cohort_id, matches.c.replaces == message.about
    )
    return [words.count("lines", "new_pairs", int(db.execute(query).scalar_one()))]


def _own_reason(db: Connection, cohort_id: str, person_id: str) -> list[str]:
    query = sa.select(participants.c.reason).where(
        participants.c.cohort_id == cohort_id, participants.c.person_id == person_id
    )
    found = db.execute(query).scalar()
    return [found] if found else []
