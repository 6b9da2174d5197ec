"""What an answer means: taken or refused, and what it sets off. Every answer comes through here, whoever brings it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import pandas as pd

from cohortflow.engine import task
from cohortflow.programs.anchors import CohortDates
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.waiting import after_acceptance, after_response, mails_on_response
from schemas.changes import LIVE_MATCH, PAIRED_MATCH, Changes, NewAnswer, Note
from schemas.forms import clean_answer
from schemas.replies import Refused, Reply
from tasks.intents import Sending, Wording, mails_to_queue
from tasks.matches import part_ways, tell_partners
from tasks.what_is_asked import reason_not_asked

OVER = ("done", "skipped")
CLOSED_BY = {"recruit": "recruit.closes", "evaluate": "evaluate.closes"}
NO_ACCESS = "you do not take part in this cohort"


@dataclass
class Desk:
    """The cohort as it stood, and what the replies taken so far have already changed."""

    cohort: Cohort
    states: Mapping[tuple[str, str], str]
    participants: pd.DataFrame
    matches: pd.DataFrame
    people: pd.DataFrame
    given: dict[tuple[str, ...], set[datetime]]
    wording: Wording
    now: datetime
    via: str
    changes: Changes = field(default_factory=Changes)

    @cached_property
    def _participants(self) -> dict[str, dict[str, Any]]:
        concerned = self.participants["person_id"].isin(self.people["person_id"])
        return {str(row["person_id"]): row for row in _records(self.participants[concerned])}

    @cached_property
    def _matches(self) -> dict[str, dict[str, Any]]:
        return {str(row["match_id"]): row for row in _records(self.matches)}

    @cached_property
    def dates(self) -> CohortDates:
        """The days of the cohort."""
        return CohortDates(self.cohort)

    def participant(self, person_id: str) -> dict[str, Any] | None:
        """A participant's row with the changes made so far."""
        row = self._participants.get(person_id)
        return {**row, **self.changes.participants.get(person_id, {})} if row else None

    def match(self, match_id: str, person_id: str) -> SimpleNamespace | None:
        """The live match of that id if the person is in it, with the changes made so far; else None."""
        row = self._matches.get(match_id)
        if row is None or person_id not in (row["mentee_id"], row["mentor_id"]):
            return None
        now = SimpleNamespace(**{**row, **self.changes.matches.get(match_id, {})})
        return now if now.state in LIVE_MATCH else None

    def is_over(self, key: str) -> bool:
        """Whether an occasion of the cohort is behind us."""
        return self.states.get((key, "-")) in OVER

    def may_still_accept(self, match_id: str) -> bool:
        """Whether the time to say yes or no to a match is running, its own or that of the whole cohort."""
        key = "match.accept_closes"
        return self.states.get((key, match_id), self.states.get((key, "-"))) == "pending"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [table[name].tolist() for name in table.columns]
    return [dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True)]


@task
def decide_answers(
    cohort: Cohort,
    states: Mapping[tuple[str, str], str],
    participants: pd.DataFrame,
    matches: pd.DataFrame,
    people: pd.DataFrame,
    given: dict[tuple[str, ...], set[datetime]],
    replies: list[Reply],
    wording: Wording,
    now: datetime,
    via: str,
) -> tuple[Changes, list[Refused]]:
    """Take the replies one after the other; a bad one never changes the outcome of a good one.

    Args:
        given: when each of them answered before, by (occasion, form, person, about).
    """
    desk = Desk(cohort, states, participants, matches, people, given, wording, now, via)
    refused = []
    for number, reply in enumerate(replies):
        reason = take(desk, reply)
        if reason:
            refused.append(Refused(number, reason))
    if kept := desk.changes.answers:
        counts = {"count": len(kept), "refused": len(refused)}
        if older := sum(not answer.is_current for answer in kept):
            counts["older"] = older
        desk.changes.notes.append(Note("answers.taken", counts_of(replies), counts={**counts, "via": via}))
    return desk.changes, refused


def counts_of(replies: list[Reply]) -> str:
    """The occasion the replies answer, when it is one and the same."""
    occasions = {reply.occasion for reply in replies}
    return occasions.pop() if len(occasions) == 1 else "-"


def take(desk: Desk, reply: Reply) -> str | None:
    """Take one reply; a sentence says why it was not taken. One older than what is known is kept, and no more."""
    person = desk.participant(reply.person_id)
    if person is None or person["state"] in ("left", "withdrawn"):
        return NO_ACCESS
    form = desk.cohort.forms.get(reply.form)
    if form is None:
        return f"there is no form {reply.form!r}"
    role = str(person["role"])
    if reply.role and reply.role != role and reply.role in str(person["may_be"]).split(";"):
        role = reply.role
    if reason := reason_not_to_take(desk, reply, person):
        return reason
    body, faults = clean_answer(form, role, reply.given)  # type: ignore[arg-type]
    if faults:
        return "; ".join(faults)
    given = desk.given.setdefault((reply.occasion, reply.form, reply.person_id, reply.about), set())
    is_older = bool(given) and reply.at < max(given)
    if is_older and reply.at in given:
        return None  # it was replaced long ago, and is kept
    if not is_older and (reason := EFFECTS.get(effect_of(desk, reply), _nothing)(desk, reply, role, body)):
        return reason
    given.add(reply.at)
    desk.changes.answers.append(_kept(reply, body, desk.via, not is_older))
    return None


def _kept(reply: Reply, body: dict[str, object], via: str, is_current: bool) -> NewAnswer:
    plain = {key: value.isoformat() if isinstance(value, date) else value for key, value in body.items()}
    return NewAnswer(reply.occasion, reply.form, reply.person_id, reply.about, plain, reply.at, via, is_current)


def reason_not_to_take(desk: Desk, reply: Reply, person: Mapping[str, object]) -> str | None:
    """Why it is not asked, too early, too late or not theirs to answer."""
    if reason := reason_not_asked(desk.cohort, reply.form, reply.occasion, (key for key, _ in desk.states)):
        return reason
    if reply.about != "-" and desk.match(reply.about, reply.person_id) is None:
        return "this match is over; nothing more is asked about it"
    key = reply.occasion
    closing = CLOSED_BY.get(key) or (f"{key}.closes" if key.startswith("check_in#") else None)
    if closing and (desk.is_over(closing) or desk.now >= _closes_at(desk, key)):
        return "the time to answer is over"
    opening = {"recruit": "recruit.opens", "evaluate": "evaluate.opens", "orient": "match.approval"}.get(key)
    opening = opening or (key if key.startswith("check_in#") else None)
    if opening and not desk.is_over(opening):
        return "this is not open yet"
    if key == "recruit" and person["state"] not in ("invited", "applied"):
        return "the seats have been given out"
    return None


def _closes_at(desk: Desk, key: str) -> datetime:
    dates = desk.dates
    if key.startswith("check_in#"):
        number = int(key.split("#")[1])
        found = next((each for each in dates.check_ins if each.n == number), None)
        return dates.closes_at(found.closes_on if found else desk.cohort.ends)
    return dates.closes_at(dates.anchor(key, "closes"))


def effect_of(desk: Desk, reply: Reply) -> str:
    """Which effect an answer has beside being kept."""
    if reply.occasion == "recruit" and reply.form == desk.cohort.program.stages.recruit.form:
        return "application"
    return {"accept": "acceptance", "rematch": "rematch"}.get(reply.form, "none")


def _nothing(desk: Desk, reply: Reply, role: str, body: dict[str, object]) -> str | None:
    return None


def apply(desk: Desk, reply: Reply, role: str, body: dict[str, object]) -> str | None:
    """An application: consent, role and seats offered; the first one is confirmed by mail at once."""
    recruit = desk.cohort.program.stages.recruit
    if recruit.consent == "required" and body.get("consent") is not True:
        return "consent: is needed to take part; say yes, or leave the form"
    before = desk.participant(reply.person_id) or {}
    offered = body.get("capacity")
    capacity = offered if isinstance(offered, int) else desk.cohort.program.mentees_per_mentor
    columns = {"state": "applied", "role": role, "applied_at": before.get("applied_at"), "consent_at": reply.at}
    columns["capacity"] = min(max(capacity, 1), desk.cohort.program.mentees_per_mentor) if role == "mentor" else 1
    if before.get("state") == "invited":
        columns["applied_at"] = reply.at
        for line in mails_on_response(desk.cohort):
            _confirm(desk, reply, role, line.send)
        desk.changes.occasions += after_response(desk.cohort, desk.now, reply.person_id)
    desk.changes.participants.setdefault(reply.person_id, {}).update(columns)
    return None


def _confirm(desk: Desk, reply: Reply, role: str, send: str) -> None:
    readers = pd.DataFrame([[reply.person_id, role, (), ("-",)]], columns=["person_id", "role", "match_ids", "abouts"])
    sending = Sending(f"recruit.{send}", "recruit", send, "applicant", "-", desk.now, {}, None)
    desk.changes.intents += mails_to_queue.fn(
        sending, readers, desk.people, desk.cohort, None, None, desk.wording, desk.now
    )


def accept(desk: Desk, reply: Reply, role: str, body: dict[str, object]) -> str | None:
    """A yes or a no to a match: two yeses accept it; one no ends it kindly and looks for another."""
    match = desk.match(reply.about, reply.person_id)
    if match is None or match.state not in PAIRED_MATCH:
        return "this match is not waiting for an answer"
    was_asked = match.state == "approved" or (desk.may_still_accept(reply.about) and not _has_accepted(match))
    if body.get("accept") is not True:
        if match.state == "active" and not was_asked:
            return "the match has begun; ask for another partner instead"
        part_ways(desk.changes, desk.cohort, match, desk.matches, "declined", "declined", desk.now)
        other = match.mentor_id if role == "mentee" else match.mentee_id
        desk.changes.intents += tell_partners(
            desk.changes,
            desk.cohort,
            match,
            desk.people,
            "accept_declined",
            "match.declined",
            desk.now,
            desk.wording,
            other,
        )
        return None
    columns = desk.changes.matches.setdefault(reply.about, {})
    columns[f"{role}_accepted_at"] = reply.at
    other_at = match.mentor_accepted_at if role == "mentee" else match.mentee_accepted_at
    if pd.notna(other_at) and was_asked:
        if match.state == "approved":
            begun = {"state": "active", "active_at": desk.now}
            columns |= begun if desk.is_over("orient.closes") else {"state": "accepted"}
        desk.changes.note("match.accepted", "match.accept", reply.about)
        desk.changes.occasions += after_acceptance(desk.cohort, desk.now, reply.about)
    return None


def _has_accepted(match: SimpleNamespace) -> bool:
    return pd.notna(match.mentee_accepted_at) and pd.notna(match.mentor_accepted_at)


def ask_for_another(desk: Desk, reply: Reply, role: str, body: dict[str, object]) -> str | None:
    """A request for another partner within the trial: the match ends, the other is told, another is looked for."""
    trial = desk.cohort.program.trial
    match = desk.match(reply.about, reply.person_id)
    person = desk.participant(reply.person_id) or {}
    if trial is None or match is None:
        return "this program knows no change of partner; write to its owner"
    if trial.who_may_ask not in ("either", f"{role}s"):
        return f"only {trial.who_may_ask} may ask for another partner; write to the owner"
    if desk.is_over("trial.closes"):
        return "the trial is over; write to the owner"
    if int(person.get("rematches") or 0) >= trial.rematches_per_person:
        return "you have asked for another partner before; write to the owner"
    part_ways(desk.changes, desk.cohort, match, desk.matches, "ended", "rematch asked for", desk.now)
    asked = int(person.get("rematches") or 0) + 1
    desk.changes.participants.setdefault(reply.person_id, {})["rematches"] = asked
    other = match.mentor_id if role == "mentee" else match.mentee_id
    desk.changes.intents += tell_partners(
        desk.changes, desk.cohort, match, desk.people, "match_ended", "match.ended", desk.now, desk.wording, other
    )
    return None


EFFECTS = {"application": apply, "acceptance": accept, "rematch": ask_for_another}
