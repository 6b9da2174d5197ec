"""What must hold in any house at any moment, read from its store and its mail: `check_invariants(house)`.

Each check is named after its row in `docs/invariants.md` and says in words what it found. The calendar and the
exclusions are worked out here once more, from the configuration alone, so that a fault of theirs is not believed.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import sqlalchemy as sa

from cohortflow.mailroom.transports import MemoryTransport
from cohortflow.programs.cohorts import Cohort
from cohortflow.store import events, frames, instances
from cohortflow.store.cohorts import CohortRow
from cohortflow.store.tables import metadata
from flows.house import House

LIVE = ("proposed", "approved", "accepted", "active")
SENT = ("accepted", "delivered", "bounced")
STOPPED = ("refused", "suppressed", "expired", "cancelled", "unknown")
OVER = ("done", "skipped")
# Chains of the history are written by these: what a claim finished, and what a person decided.
TELLS_THE_END = ("occasion.done", "occasion.skipped", "match.approved")
WITHOUT_PERSONAL_DATA = ("events", "occasions", "messages", "message_attempts", "matches", "cohorts", "participants")


def check_invariants(
    house: House,
    *,
    before: Collection[str] = (),
    finished: bool = False,
    moved: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Insist on every invariant that can be read from the store and the transport.

    Args:
        before: ids of mails that were accepted by an earlier transport of the same store.
        finished: whether everything due was done, so that no mail may still be on its way.
        moved: where people have worked besides where they work now.
    """
    seen = Seen(house, frozenset(before), finished, moved or {})
    broken = [f"{check.__name__}: {told}" for check in CHECKS for told in check(seen)]
    assert not broken, f"{len(broken)} complaints:\n" + "\n".join(broken[:60])


@dataclass
class Seen:
    """A store and its transport, each table read once."""

    house: House
    before: frozenset[str]
    finished: bool
    moved: Mapping[str, Collection[str]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _cohorts: dict[tuple[str, str], Cohort] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.house.database.read() as db:
            for name, table in metadata.tables.items():
                query = sa.select(table).order_by(*table.primary_key.columns)
                self.rows[name] = [dict(row) for row in db.execute(query).mappings()]

    @cached_property
    def people(self) -> dict[str, dict[str, Any]]:
        """The roster by person."""
        return {row["person_id"]: row for row in self.rows["people"]}

    @cached_property
    def occasions(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Occasions by cohort, key and about."""
        return {(row["cohort_id"], row["key"], row["about"]): row for row in self.rows["occasions"]}

    @cached_property
    def canaries(self) -> set[str]:
        """The operator's daily mails, which the history knows and the ledger does not."""
        (row,) = self.rows["instance"]
        days = [each["counts"]["day"] for each in self.rows["events"] if each["kind"] == "mail.canary"]
        return {instances.opaque_id(row["secret"], "canary", day) for day in days}

    @cached_property
    def letters(self) -> Counter[str]:
        """How often the transport was handed each mail."""
        assert isinstance(self.house.transport, MemoryTransport)
        handed = getattr(self.house.transport, "handed", None)
        return Counter(handed if handed is not None else [sent.letter.message_id for sent in self.house.transport])

    def cohort(self, cohort_id: str, config_hash: str) -> Cohort:
        """A cohort under the configuration that something was stamped with."""
        key = (cohort_id, config_hash)
        if key not in self._cohorts:
            (row,) = (row for row in self.rows["cohorts"] if row["cohort_id"] == cohort_id)
            with self.house.database.read() as db:
                self._cohorts[key] = frames.load_cohort(db, CohortRow(**row), config_hash)
        return self._cohorts[key]


def i_1_at_most_once(seen: Seen) -> Iterator[str]:
    """No mail was handed over, or counted as accepted, twice."""
    accepted = Counter(row["message_id"] for row in seen.rows["message_attempts"] if row["outcome"] == "accepted")
    for message_id in sorted(accepted + seen.letters):
        if accepted[message_id] > 1 or seen.letters[message_id] > 1:
            yield f"{message_id} was accepted {accepted[message_id]} and handed over {seen.letters[message_id]} times"
    keys = Counter(
        (row["cohort_id"], row["occasion"], row["template"], row["person_id"], row["about"])
        for row in seen.rows["messages"]
    )
    yield from (f"{key} is there {count} times" for key, count in keys.items() if count > 1)


def i_2_accepted_means_sent(seen: Seen) -> Iterator[str]:
    """The ledger and the transport agree on what was sent; what was stopped has a reason; nothing hangs."""
    arrived = set(seen.letters) | seen.before
    known = {row["message_id"] for row in seen.rows["messages"]} | seen.canaries
    yield from (f"the transport has {message_id}, the ledger has not" for message_id in sorted(arrived - known))
    for row in seen.rows["messages"]:
        told = f"{row['occasion']} {row['template']} to {row['person_id']} is {row['state']}"
        # An unknown one may have arrived or not; that is what the word says.
        if row["state"] != "unknown" and (row["state"] in SENT) != (row["message_id"] in arrived):
            yield f"{told}, and {'was' if row['message_id'] in arrived else 'never was'} handed over"
        if row["state"] in STOPPED and not row["reason"]:
            yield f"{told} without a reason"
        if row["state"] == "sending" or (seen.finished and row["state"] == "queued"):
            yield f"{told} in the end"


def i_3_done_has_its_mails(seen: Seen) -> Iterator[str]:
    """A mail occasion that is done has mails or says why not; one that is not done has none."""
    mailed = {(row["cohort_id"], row["occasion"], row["about"]) for row in seen.rows["messages"]}
    for key, row in seen.occasions.items():
        if row["kind"] == "mail" and row["state"] == "done" and key not in mailed:
            yield f"{key} is done without a mail"
        if row["kind"] == "mail" and row["state"] != "done" and key in mailed:
            yield f"{key} is {row['state']} and has mails"
        if row["state"] == "skipped" and not row["reason"]:
            yield f"{key} is skipped without a reason"


def i_8_capacity_and_exclusions(seen: Seen) -> Iterator[str]:
    """Nobody has more partners than they may, nobody is their own, nobody is tied by what a program forbids."""
    mentees = Counter((row["cohort_id"], row["mentee_id"]) for row in seen.rows["matches"] if row["state"] in LIVE)
    yield from (f"{key} has {count} live matches as a mentee" for key, count in mentees.items() if count > 1)
    mentors = Counter((row["cohort_id"], row["mentor_id"]) for row in seen.rows["matches"] if row["state"] in LIVE)
    capacity = {(row["cohort_id"], row["person_id"]): row["capacity"] for row in seen.rows["participants"]}
    yield from (f"{key} has {count} of {capacity[key]}" for key, count in mentors.items() if count > capacity[key])
    twice = Counter((row["cohort_id"], row["mentee_id"], row["mentor_id"]) for row in seen.rows["matches"])
    yield from (f"{key} were matched {count} times" for key, count in twice.items() if count > 1)
    roles = {(row["cohort_id"], row["person_id"]): row["role"] for row in seen.rows["participants"]}
    for row in seen.rows["matches"]:
        if row["mentee_id"] == row["mentor_id"]:
            yield f"{row['match_id']} ties somebody to themselves"
        for side in ("mentee", "mentor"):
            if roles.get((row["cohort_id"], row[f"{side}_id"])) != side:
                yield f"{row['match_id']}: its {side} is not one"


def excluded_pairs(house: House, proposed_at: datetime | None = None) -> list[str]:
    """Proposed pairs across a reporting line or without a common language, by the roster as it is now.

    Args:
        proposed_at: look only at pairs of that instant; people move, and what was well then stays as it is.
    """
    seen, found = Seen(house, frozenset(), False), []
    for row in seen.rows["matches"]:
        if proposed_at is not None and row["proposed_at"] != proposed_at:
            continue
        (stored,) = (each for each in seen.rows["cohorts"] if each["cohort_id"] == row["cohort_id"])
        rules = seen.cohort(row["cohort_id"], stored["config_hash"]).program.matching
        mentee, mentor = seen.people[row["mentee_id"]], seen.people[row["mentor_id"]]
        kinds = {rule.kind for rule in (*rules.never, *rules.must)}
        if "reporting_line" in kinds and _is_above(seen, mentee, mentor, 2) | _is_above(seen, mentor, mentee, 2):
            found.append(f"{row['match_id']} crosses a reporting line")
        if "share" in kinds and not set(mentee["languages"].split(";")) & set(mentor["languages"].split(";")):
            found.append(f"{row['match_id']} has no common language")
    return found


def _is_above(seen: Seen, person: dict[str, Any], other: dict[str, Any], steps: int) -> bool:
    for _ in range(steps):
        person = seen.people.get(person["manager_id"], {"person_id": "", "manager_id": ""})
        if person["person_id"] == other["person_id"]:
            return True
    return False


def i_9_stage_order(seen: Seen) -> Iterator[str]:
    """What waits for something comes after it, by the clock and by the history."""
    told: dict[tuple[str, str, str], int] = {}
    for row in seen.rows["events"]:
        if row["kind"] in TELLS_THE_END:
            told.setdefault((row["chain"], row["occasion"], row["about"]), row["seq"])
    for (cohort_id, key, about), row in seen.occasions.items():
        if row["state"] not in OVER or not row["waits_for"]:
            continue
        before = seen.occasions.get((cohort_id, row["waits_for"], "-"))
        if before is None or before["state"] not in OVER or before["done_at"] > row["done_at"]:
            yield f"{key} was done before {row['waits_for']}"
            continue
        mine, its = told.get((cohort_id, key, about)), told.get((cohort_id, row["waits_for"], "-"))
        if row["kind"] != "decision" and (mine is None or its is None or its > mine):
            yield f"the history tells {key} before {row['waits_for']}"


def i_10_due_times(seen: Seen) -> Iterator[str]:
    """Nothing happens before it is due, and every mail goes in its reader's hours on one of their days."""
    for key, row in seen.occasions.items():
        if row["state"] in OVER and row["kind"] != "decision" and row["done_at"] < row["due_at"]:
            yield f"{key} was done at {row['done_at']}, before {row['due_at']}"
    for row in seen.rows["messages"]:
        if row["sent_at"] is None:
            continue
        told = f"{row['occasion']} {row['template']} to {row['person_id']} at {row['sent_at']}"
        if row["sent_at"] < max(row["due_at"], row["not_before"]):
            yield f"{told}: before it was due"
        sites = {seen.people.get(row["person_id"], {}).get("site", ""), *seen.moved.get(row["person_id"], ())}
        cohort = seen.cohort(row["cohort_id"], row["config_hash"])
        why = {why_not_then(cohort, site, row["sent_at"]) for site in sites}
        if None not in why:
            yield f"{told}: {'; '.join(sorted(str(each) for each in why))}"


def why_not_then(cohort: Cohort, site: str, at: datetime) -> str | None:
    """Why a reader at a site may not be written to at an instant."""
    calendar, email = cohort.program.calendar, cohort.program.email
    here = calendar.sites.get(site)
    code = here.holidays if here else _holidays_at_home(cohort)
    local = at.astimezone(ZoneInfo(here.zone if here else calendar.time_zone))
    if not email.hours.opens <= local.time() < email.hours.closes:
        return f"{local:%H:%M} is outside their hours"
    if any(period.first <= local.date() <= period.last for period in calendar.closed):
        return f"the company is closed on {local:%Y-%m-%d}"
    if email.days == "working days" and local.weekday() >= 5:
        return f"{local:%Y-%m-%d} is a weekend"
    if email.days == "working days" and code and local.date() in _holidays(code, local.year):
        return f"{local:%Y-%m-%d} is a holiday there"
    return None


def _holidays_at_home(cohort: Cohort) -> str | None:
    calendar = cohort.program.calendar
    return next((site.holidays for site in calendar.sites.values() if site.zone == calendar.time_zone), None)


@lru_cache
def _holidays(code: str, year: int) -> frozenset[Any]:
    country, _, part = code.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


def i_11_one_occasion_each(seen: Seen) -> Iterator[str]:
    """Each occasion ended once in the history, and the history knows no end of one that has none."""
    ended = Counter(
        (row["chain"], row["occasion"], row["about"])
        for row in seen.rows["events"]
        if row["kind"] in ("occasion.done", "occasion.skipped")
    )
    for key, count in ended.items():
        if count > 1 or seen.occasions.get(key, {}).get("state") not in OVER:
            yield f"{key} ended {count} times, and is {seen.occasions.get(key, {}).get('state')}"


def i_24_no_personal_data(seen: Seen) -> Iterator[str]:
    """No name and no address stands where ids are meant to stand."""
    plain = {name: json.dumps(seen.rows[name], default=str, ensure_ascii=False) for name in WITHOUT_PERSONAL_DATA}
    for person in seen.people.values():
        # A name of one word ("None", "True") may well be a word of ours.
        told = [person["email"], person["name"] if " " in person["name"] else ""]
        for name, text in plain.items():
            if any(value and value in text for value in told):
                yield f"{name} names {person['person_id']}"
    for name, text in plain.items():
        if "@" in text:
            yield f"{name} holds an address: ...{text[max(0, text.index('@') - 30) : text.index('@') + 30]}..."


def i_26_history(seen: Seen) -> Iterator[str]:
    """Every chain is whole, and counts what the rows count."""
    with seen.house.database.read() as db:
        for chain in sorted({row["chain"] for row in seen.rows["events"]}):
            if broken := events.first_broken_line(db, chain):
                yield f"the chain {chain} is broken at line {broken}"
    for cohort in seen.rows["cohorts"]:
        told, rows = _counted(seen, cohort["cohort_id"]), _there(seen, cohort["cohort_id"])
        if told != rows:
            yield f"{cohort['cohort_id']}: the history counts {told}, the rows {rows}"


def _counted(seen: Seen, cohort_id: str) -> dict[str, int]:
    mine = [row for row in seen.rows["events"] if row["chain"] == cohort_id]
    sent = sum(row["counts"].get("accepted", 0) for row in mine if row["kind"] in ("mail.sent", "mail.settled"))
    answers = sum(row["counts"]["count"] for row in mine if row["kind"] == "answers.taken")
    pairs = sum(row["counts"]["pairs"] for row in mine if row["kind"] in ("match.proposed", "match.rematch_proposed"))
    ended = sum(1 for row in mine if row["kind"] in ("occasion.done", "occasion.skipped"))
    return {"sent": sent, "answers": answers, "pairs": pairs, "ended": ended}


def _there(seen: Seen, cohort_id: str) -> dict[str, int]:
    mine = {name: [row for row in rows if row.get("cohort_id") == cohort_id] for name, rows in seen.rows.items()}
    ended = [row for row in mine["occasions"] if row["state"] in OVER and row["attempts"]]
    sent = [row for row in mine["messages"] if row["state"] in SENT]
    return {"sent": len(sent), "answers": len(mine["answers"]), "pairs": len(mine["matches"]), "ended": len(ended)}


def i_28_one_current_answer(seen: Seen) -> Iterator[str]:
    """One current answer per question and person; what it replaced is kept."""
    current = Counter(
        (row["cohort_id"], row["occasion"], row["form"], row["person_id"], row["about"])
        for row in seen.rows["answers"]
        if row["is_current"]
    )
    yield from (f"{key} has {count} current answers" for key, count in current.items() if count > 1)


CHECKS: tuple[Callable[[Seen], Iterator[str]], ...] = (
    i_1_at_most_once,
    i_2_accepted_means_sent,
    i_3_done_has_its_mails,
    i_8_capacity_and_exclusions,
    i_9_stage_order,
    i_10_due_times,
    i_11_one_occasion_each,
    i_24_no_personal_data,
    i_26_history,
    i_28_one_current_answer,
)
