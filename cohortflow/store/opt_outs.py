"""Who wants no more mail of a kind, in any program; and the links by which people say so."""

import hmac
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.programs.refusing import scope_of
from cohortflow.store import frames, instances
from cohortflow.store.cohort_notes import append_note
from cohortflow.store.cohorts import read_row
from cohortflow.store.columns import among
from cohortflow.store.tables import messages, opt_outs
from cohortflow.store.upserts import insert_into
from schemas.changes import Note

NO_SIGN = "."


@dataclass(frozen=True)
class Refusal:
    """What one link would refuse: for whom, of which kind, and the mail it stood in."""

    person_id: str
    scope: str
    cohort_id: str
    language: str
    texts_hash: str


def token_for(secret: str, message_id: str, person_id: str, scope: str) -> str:
    """What the link in one mail carries: it refuses this scope for this person, and nothing else."""
    return message_id + NO_SIGN + instances.opaque_id(secret, "unsubscribe", message_id, person_id, scope)


def read_token(db: Connection, token: str) -> Refusal | None:
    """What a token refuses; None for one we have not made, whatever is wrong with it."""
    message_id, _, _ = token.partition(NO_SIGN)
    row = db.execute(_ROW, {"message_id": message_id}).first()
    known = read_row(db, row.cohort_id) if row else None
    if row is None or known is None:
        return None
    allowed = frames.load_cohort(db, known).program.email.may_opt_out_of
    scope = scope_of(row.mail_class, row.template, allowed)
    expected = token_for(instances.read_secret(db), message_id, row.person_id, scope)
    if not scope or not hmac.compare_digest(expected.encode(), token.encode()):
        return None
    return Refusal(row.person_id, scope, row.cohort_id, row.language, row.texts_hash)


_ROW = sa.select(messages).where(messages.c.message_id == sa.bindparam("message_id"))


def refuse(db: Connection, refusal: Refusal, now: datetime, via: str) -> bool:
    """Write down that somebody wants no more of this; False when that was known already."""
    row = {"person_id": refusal.person_id, "scope": refusal.scope, "since": now, "via": via}
    insert = insert_into(db, opt_outs).values(row).on_conflict_do_nothing().returning(opt_outs.c.person_id)
    if db.execute(insert).first() is None:
        return False
    append_note(db, refusal.cohort_id, Note("mail.opted_out", counts={"scope": refusal.scope}), now, "reader")
    return True


def refused(db: Connection, person_ids: list[str]) -> set[tuple[str, str]]:
    """Who of these has refused what: (person, scope)."""
    return {(row.person_id, row.scope) for row in db.execute(_REFUSED, {"ids": person_ids})}


_REFUSED = sa.select(opt_outs.c.person_id, opt_outs.c.scope).where(among(opt_outs.c.person_id))


def take_back(db: Connection, person_id: str) -> list[str]:
    """Forget what a person has refused; returns the kinds it was."""
    mine = opt_outs.delete().where(opt_outs.c.person_id == person_id).returning(opt_outs.c.scope)
    return sorted(db.execute(mine).scalars())
