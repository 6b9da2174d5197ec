"""One transaction for one decision: results, mails it intends, history, and `state = done`, or nothing at all."""

import hashlib
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cohortflow.store import bundles, cohorts, events, instances, occasions
from cohortflow.store.blast_guard import hold_if_too_many
from cohortflow.store.columns import among
from cohortflow.store.occasions import Claim
from cohortflow.store.tables import answers, matches, messages, participants
from schemas.changes import Changes, Intent, NewAnswer, NewMatch


class Overtaken(Exception):
    """Somebody changed the cohort since it was read, or took the claim over; read again and decide again."""


def record(
    db: Connection,
    cohort_id: str,
    version: int,
    changes: Changes,
    *,
    now: datetime,
    actor: str,
    config_hash: str,
    claim: Claim | None = None,
) -> None:
    """Write what was decided on the state of `version`.

    Raises:
        Overtaken: the cohort moved on meanwhile, or the claim is lost; the transaction must be rolled back.
    """
    if not cohorts.change(db, cohort_id, version=version, **changes.cohort):
        raise Overtaken(cohort_id)
    _write_participants(db, cohort_id, changes.participants)
    for match_id, columns in changes.matches.items():
        mine = sa.and_(matches.c.match_id == match_id, matches.c.cohort_id == cohort_id)
        db.execute(matches.update().where(mine).values(**columns))
    _insert_matches(db, cohort_id, changes.new_matches, now)
    _insert_answers(db, cohort_id, changes.answers)
    occasions.insert(db, cohort_id, changes.occasions, config_hash, now)
    _change_queued(db, cohort_id, changes.mails)
    queued = queue(db, cohort_id, changes.intents, config_hash, now)
    for (key, about), state in changes.close_occasions.items():
        occasions.close(db, cohort_id, key, about, state, now=now, reason=None)
    if claim is not None:
        _finish(db, claim, changes, queued, now, config_hash)
    events.append(db, cohort_id, changes.notes, at=now, actor=actor, bundle=config_hash)


def _finish(db: Connection, claim: Claim, changes: Changes, queued: int, now: datetime, config_hash: str) -> None:
    state = "skipped" if changes.skipped_because else "done"
    reason = changes.skipped_because
    if not occasions.finish(db, claim, state, now=now, reason=reason, config_hash=config_hash):
        raise Overtaken(claim.key)
    counts: dict[str, int | str] = {"mails": queued} if queued else {}
    if reason:
        counts["reason"] = reason
    changes.note(f"occasion.{state}", claim.key, claim.about, **counts)


def _write_participants(db: Connection, cohort_id: str, changed: dict[str, dict[str, Any]]) -> None:
    if not changed:
        return
    known = set(db.execute(_TAKING_PART, {"cohort_id": cohort_id}).scalars())
    new = [
        {"cohort_id": cohort_id, "person_id": person, "capacity": 1, "place": 0, "reason": None, **columns}
        for person, columns in changed.items()
        if person not in known
    ]
    if new:
        db.execute(participants.insert(), new)
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for person, columns in changed.items():
        if person in known:
            row = {"the_cohort": cohort_id, "the_person": person, **columns}
            alike.setdefault(tuple(sorted(columns)), []).append(row)
    for names, rows in alike.items():
        db.execute(_update_of(names), rows)


_TAKING_PART = sa.select(participants.c.person_id).where(participants.c.cohort_id == sa.bindparam("cohort_id"))


@cache
def _update_of(names: tuple[str, ...]) -> Any:
    """Change these columns of participants, many at once."""
    mine = sa.and_(
        participants.c.cohort_id == sa.bindparam("the_cohort"), participants.c.person_id == sa.bindparam("the_person")
    )
    return participants.update().where(mine).values({name: sa.bindparam(name) for name in names})


def match_id_of(cohort_id: str, match: NewMatch) -> str:
    """The id of a match: the same pair in the same round is the same match."""
    told = "\x1f".join((cohort_id, match.mentee_id, match.mentor_id, str(match.round)))
    return "m-" + hashlib.sha256(told.encode()).hexdigest()[:12]


def match_row(cohort_id: str, match: NewMatch, now: datetime) -> dict[str, Any]:
    """The columns of a match as it is proposed."""
    return {
        "match_id": match_id_of(cohort_id, match),
        "cohort_id": cohort_id,
        "mentee_id": match.mentee_id,
        "mentor_id": match.mentor_id,
        "score": match.score,
        "reasons": list(match.reasons),
        "state": "proposed",
        "round": match.round,
        "replaces": match.replaces,
        "proposed_at": now,
    }


def _insert_matches(db: Connection, cohort_id: str, new: list[NewMatch], now: datetime) -> None:
    if new:
        db.execute(matches.insert(), [match_row(cohort_id, match, now) for match in new])


def _change_queued(db: Connection, cohort_id: str, changed: dict[str, dict[str, Any]]) -> None:
    """Change mails that still wait; one that has left meanwhile asks for another decision.

    So does one that is being claimed this moment. To wait for it here, with the cohort's row in hand, would be a
    deadlock: who claims it will want that row, for the history.
    """
    if not changed:
        return
    waiting = db.execute(_WAITING, {"ids": sorted(changed)}).all()
    if len(waiting) < len(changed):
        raise Overtaken(cohort_id)
    for message_id, columns in changed.items():
        db.execute(messages.update().where(messages.c.message_id == message_id).values(**columns))


_WAITING = (
    sa.select(messages.c.message_id)
    .where(among(messages.c.message_id), messages.c.state == "queued")
    .with_for_update(skip_locked=True)
)


def _insert_answers(db: Connection, cohort_id: str, new: list[NewAnswer]) -> None:
    """Add answers as further revisions; what they replace is kept, and one that came too late replaces nothing."""
    if not new:
        return
    last = _revisions(db, cohort_id, sorted({answer.person_id for answer in new}))
    rows, superseded = [], []
    for answer in new:
        key = (answer.occasion, answer.form, answer.person_id, answer.about)
        revision = last.get(key, 0) + 1
        if answer.is_current:
            superseded += [answer_id_of(cohort_id, *key, before) for before in range(1, revision)]
        last[key] = revision
        names = dict(zip(("occasion", "form", "person_id", "about"), key, strict=True))
        told = {"body": dict(answer.body), "answered_at": answer.answered_at, "via": answer.via}
        ids = {"answer_id": answer_id_of(cohort_id, *key, revision), "cohort_id": cohort_id}
        rows.append({**ids, **names, "revision": revision, "is_current": answer.is_current, **told})
    db.execute(answers.insert(), rows)
    if superseded:
        db.execute(answers.update().where(answers.c.answer_id.in_(superseded)).values(is_current=False))


def _revisions(db: Connection, cohort_id: str, person_ids: list[str]) -> dict[tuple[str, str, str, str], int]:
    """The newest revision of each answer of some people, by (occasion, form, person, about)."""
    key = (answers.c.occasion, answers.c.form, answers.c.person_id, answers.c.about)
    found: dict[tuple[str, str, str, str], int] = {}
    for start in range(0, len(person_ids), 500):
        query = sa.select(*key, sa.func.max(answers.c.revision)).where(
            answers.c.cohort_id == cohort_id, answers.c.person_id.in_(person_ids[start : start + 500])
        )
        for row in db.execute(query.group_by(*key)).tuples():
            found[row[:4]] = int(row[4])
    return found


def answer_id_of(cohort_id: str, occasion: str, form: str, person_id: str, about: str, revision: int) -> str:
    """The id of one revision of one answer."""
    told = "\x1f".join((cohort_id, occasion, form, person_id, about, str(revision)))
    return "a-" + hashlib.sha256(told.encode()).hexdigest()[:16]


def queue(db: Connection, cohort_id: str, intents: list[Intent], config_hash: str, now: datetime) -> int:
    """Queue mails that are not queued yet; the same key a second time is silently the same mail."""
    if not intents:
        return 0
    secret, texts_hash = instances.read_secret(db), bundles.accepted_texts(db)
    rows = {}
    for intent in intents:
        key = (cohort_id, intent.occasion, intent.template, intent.person_id, intent.about)
        row = _message_row(intent, now)
        row |= {"message_id": instances.opaque_id(secret, *key), "cohort_id": cohort_id}
        rows[row["message_id"]] = row | {"config_hash": config_hash, "texts_hash": texts_hash}
    known: set[str] = set()
    names = list(rows)
    for start in range(0, len(names), 500):
        known.update(db.execute(_QUEUED, {"ids": names[start : start + 500]}).scalars())
    new = [row for name, row in rows.items() if name not in known]
    if new:
        db.execute(messages.insert(), new)
        if told := hold_if_too_many(db, cohort_id, new, now):
            queue(db, cohort_id, [told], config_hash, now)
    return len(new)


_QUEUED = sa.select(messages.c.message_id).where(among(messages.c.message_id))


def _message_row(intent: Intent, now: datetime) -> dict[str, Any]:
    return {
        "occasion": intent.occasion,
        "stage": intent.stage,
        "template": intent.template,
        "person_id": intent.person_id,
        "about": intent.about,
        "role": intent.role,
        "language": intent.language,
        "mail_class": intent.mail_class,
        "match_ids": list(intent.match_ids),
        "asks": intent.ask.as_json() if intent.ask else {},
        "unless_answered": intent.unless_answered,
        "urgent": intent.urgent,
        "deadline_on": intent.deadline_on,
        "attach": dict(intent.attach) if intent.attach else None,
        "n": intent.n,
        "due_at": intent.due_at,
        "not_before": intent.not_before,
        "expires_at": intent.expires_at,
        "queued_at": now,
        "state": "queued",
    }
