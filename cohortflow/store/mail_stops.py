"""Why a mail may not go after all: asked inside the claim, at the last read before it leaves."""

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.parts import address_of
from cohortflow.programs.refusing import scope_of
from cohortflow.store import instances, opt_outs
from cohortflow.store.claim_cohorts import ClaimCohorts
from cohortflow.store.columns import among
from cohortflow.store.mail_limits import over_the_limit
from cohortflow.store.reader_hours import not_now, while_away
from cohortflow.store.tables import answers, matches, participants, people, suppressions
from cohortflow.store.ticks_at_work import while_at_work
from schemas.invitations import CALLED_OFF, CORRECTIONS

OF_THE_END = ("match.ended", "match.declined", "people.left")  # what tells that a match is over


class OnRoster(NamedTuple):
    """What the roster says of a reader."""

    person_id: str
    status: str
    email: str
    site: str


Reader = tuple[str, str]  # cohort and person: the owner of one cohort is not that of another


class Decided(NamedTuple):
    """What keeps some mails from going now, and where the others go.

    Attributes:
        stopped: those that may not go at all, as (state, reason) by message id.
        later: when those may go that may go later, by message id.
        hashes: the address of each reader, as it is remembered.
    """

    stopped: dict[str, tuple[str, str]]
    later: dict[str, datetime]
    hashes: dict[Reader, str]


def decide(db: Connection, rows: list[dict[str, Any]], now: datetime) -> Decided:
    """Ask of mails that are about to go whether they may."""
    persons, cohorts = readers(db, rows), ClaimCohorts(db)
    hashes = _hashes(db, _addresses(rows, persons, cohorts)) if rows else {}
    stopped = reasons_to_stop(db, rows, persons, cohorts, hashes, now)
    going = [row for row in rows if row["message_id"] not in stopped]
    sites = {person_id: person.site for person_id, person in persons.items()}
    away = {person_id for person_id, person in persons.items() if person.status == "on_leave"}
    later = not_now(cohorts, going, sites, now)
    later |= while_away(cohorts, [row for row in going if row["person_id"] in away], sites, now)
    later |= while_at_work(db, cohorts, [row for row in going if row["message_id"] not in later], now)
    limits = over_the_limit(db, [row for row in going if row["message_id"] not in later], cohorts, now)
    expired = {message_id: ("expired", reason) for message_id, reason in limits.expired.items()}
    return Decided(stopped | expired, later | limits.later, hashes)


def readers(db: Connection, rows: list[dict[str, Any]]) -> dict[str, OnRoster]:
    """The readers of some mails as the roster has them now, by person."""
    ids = sorted({row["person_id"] for row in rows})
    found = map(OnRoster._make, db.execute(_PERSONS, {"ids": ids}).all())
    return {person.person_id: person for person in found}


_PERSONS = sa.select(*(people.c[name] for name in OnRoster._fields)).where(among(people.c.person_id))


def reasons_to_stop(
    db: Connection,
    rows: list[dict[str, Any]],
    persons: dict[str, OnRoster],
    cohorts: ClaimCohorts,
    hashes: dict[Reader, str],
    now: datetime,
) -> dict[str, tuple[str, str]]:
    """Why a mail may not go after all: (state, reason) by message id. Asked at the last read before it leaves."""
    if not rows:
        return {}
    ids = sorted({row["person_id"] for row in rows})
    status = {person_id: person.status for person_id, person in persons.items()}
    taking = {(cohort, person): state for cohort, person, state in db.execute(_TAKING_PART, {"ids": ids}).all()}
    barred = _barred(db, hashes)
    answered = _answered(db, rows)
    unwanted = _unwanted(db, rows, cohorts)
    over = _over(db, rows)
    stopped: dict[str, tuple[str, str]] = {}
    for row in rows:
        key = (row["cohort_id"], row["person_id"])
        why = None
        if row["expires_at"] is not None and row["expires_at"] <= now:
            why = ("expired", "too late to be of use")
        elif status.get(row["person_id"]) == "left" or taking.get(key) in ("left", "withdrawn"):
            why = ("cancelled", "the reader has left")
        elif status.get(row["person_id"]) == "on_leave" and row["template"] not in CORRECTIONS:
            why = ("cancelled", "the reader is on leave")
        elif key in barred:
            why = ("suppressed", barred[key])
        elif row["message_id"] in unwanted:
            why = ("suppressed", "the reader wants no more mails like this one")
        elif _is_pointless(row, over):
            why = ("cancelled", "the match is over")
        elif row["unless_answered"] and not _outstanding(row, answered):
            why = ("cancelled", "already answered")
        if why:
            stopped[row["message_id"]] = why
    return stopped


_TAKING_PART = sa.select(participants.c.cohort_id, participants.c.person_id, participants.c.state).where(
    among(participants.c.person_id)
)


def address_hash(secret: str, address: str) -> str:
    """How a suppressed address is remembered: nobody can read it back, yet it is known again."""
    return instances.opaque_id(secret, "address", address.strip().lower())


def _addresses(rows: list[dict[str, Any]], persons: dict[str, OnRoster], cohorts: ClaimCohorts) -> dict[Reader, str]:
    """Where each mail would go to."""
    found: dict[Reader, str] = {}
    for row in rows:
        key = (row["cohort_id"], row["person_id"])
        if row["person_id"].startswith("role:"):
            cohort = cohorts[row["cohort_id"]] if key not in found else None
            found |= {key: address_of(row["person_id"], cohort)} if cohort else {}
        elif row["person_id"] in persons:
            found[key] = persons[row["person_id"]].email
    return found


def _hashes(db: Connection, addresses: dict[Reader, str]) -> dict[Reader, str]:
    secret = instances.read_secret(db)
    hashes = {address: address_hash(secret, address) for address in set(addresses.values())}
    return {reader: hashes[address] for reader, address in addresses.items()}


def _barred(db: Connection, hashes: dict[Reader, str]) -> dict[Reader, str]:
    """Why a reader's address may not be written to, by reader."""
    why = {row.address_hash: row.reason for row in db.execute(_BARRED, {"hashes": sorted({*hashes.values()})})}
    return {reader: why[hashed] for reader, hashed in hashes.items() if hashed in why}


_BARRED = sa.select(suppressions.c.address_hash, suppressions.c.reason).where(
    among(suppressions.c.address_hash, "hashes")
)


def _unwanted(db: Connection, rows: list[dict[str, Any]], cohorts: ClaimCohorts) -> set[str]:
    """The mails of a kind that their reader has refused, where the program lets it be refused."""
    optional = [row for row in rows if row["mail_class"] != "service"]
    if not optional:
        return set()
    refused = opt_outs.refused(db, sorted({row["person_id"] for row in optional}))
    if not refused:
        return set()
    return {
        row["message_id"]
        for row in optional
        if (cohort := cohorts[row["cohort_id"]])
        and (row["person_id"], scope_of(row["mail_class"], row["template"], cohort.program.email.may_opt_out_of))
        in refused
    }


def _answered(db: Connection, rows: list[dict[str, Any]]) -> set[tuple[str, str, str, str, str]]:
    ids = {row["person_id"] for row in rows if row["unless_answered"]}
    return {tuple(row) for row in db.execute(_ANSWERED, {"ids": sorted(ids)}).all()} if ids else set()


_ANSWERED = sa.select(
    answers.c.cohort_id, answers.c.occasion, answers.c.form, answers.c.person_id, answers.c.about
).where(among(answers.c.person_id), answers.c.is_current)


def _is_pointless(row: dict[str, Any], over: dict[str, datetime]) -> bool:
    """Whether every match that a mail is about has ended since it was queued, and it does not tell of that."""
    if not row["match_ids"] or row["occasion"] in OF_THE_END or row["template"] == CALLED_OFF:
        return False
    return all(each in over and over[each] >= row["queued_at"] for each in row["match_ids"])


def _over(db: Connection, rows: list[dict[str, Any]]) -> dict[str, datetime]:
    """When those of the matches that some mails are about ended that ended before their time."""
    ids = sorted({match_id for row in rows for match_id in row["match_ids"]})
    return {row.match_id: row.ended_at for row in db.execute(_OVER, {"ids": ids})} if ids else {}


_OVER = sa.select(matches.c.match_id, matches.c.ended_at).where(
    among(matches.c.match_id), matches.c.ended_at.is_not(None), matches.c.end_reason != "completed"
)


def _outstanding(row: dict[str, Any], answered: set[tuple[str, str, str, str, str]]) -> bool:
    asks = row["asks"]
    return any(
        (row["cohort_id"], asks["occasion"], form, row["person_id"], about) not in answered
        for form in asks.get("forms", [])
        for about in asks.get("abouts", ["-"])
    )
