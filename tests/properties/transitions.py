"""What must hold from one moment of a house to the next, whatever happened in between: `changes(before, after, now)`.

Each check is named after its row in `docs/invariants.md`; it sees every row of every table, before and after.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from invariants import CHECKS, OVER, SENT, Seen

from cohortflow.programs.findings import TAKEN_OUT
from cohortflow.programs.occasions import dated_occasions
from cohortflow.store import instances
from cohortflow.store.bundles import TEXTS_PROGRAM
from cohortflow.store.mail_stops import address_hash

Row = dict[str, Any]
Key = tuple[Any, ...]
KEYS: dict[str, tuple[str, ...]] = {
    "occasions": ("cohort_id", "key", "about"),
    "messages": ("message_id",),
    "message_attempts": ("message_id", "attempt"),
    "matches": ("match_id",),
    "answers": ("answer_id",),
    "participants": ("cohort_id", "person_id"),
    "people": ("person_id",),
    "cohorts": ("cohort_id",),
    "bundles": ("hash",),
    "events": ("chain", "seq"),
    "intakes": ("sha256",),
}
NEVER_LESS = ("messages", "message_attempts", "matches", "answers", "participants", "people", "cohorts", "intakes")
NEVER_OTHER = ("bundles", "events")
LAST_STATES = (*SENT, "refused", "suppressed", "expired", "cancelled")
LIVE_MATCHES = ("proposed", "approved", "accepted", "active")
OF_A_MATCH = ("cohort_id", "mentee_id", "mentor_id", "score", "reasons", "round", "replaces", "proposed_at")
OF_A_MAIL = (
    "cohort_id", "occasion", "template", "person_id", "about", "queued_at", "due_at", "config_hash", "texts_hash",
)  # fmt: skip


@dataclass
class Moment:
    """A house before and after something happened.

    Attributes:
        latest: the latest instant the house has ever been at, before this.
        good_file: the roster file that was dropped, as status by person, if all of it can be taken; else None.
        is_race: whether several acts ran at once, so that what was read may be older than what was written.
        rewound: whether the clock has ever been set back.
    """

    before: Seen
    after: Seen
    now: datetime
    latest: datetime
    good_file: Mapping[str, str] | None = None
    is_race: bool = False
    rewound: bool = False
    _by_key: dict[tuple[int, str], dict[Key, Row]] = field(default_factory=dict)

    def both(self, table: str) -> Iterator[tuple[Row | None, Row | None]]:
        """The rows of a table as they were and as they are."""
        was, now = self.table(self.before, table), self.table(self.after, table)
        return ((was.get(key), now.get(key)) for key in {**was, **now})

    def kept(self, table: str) -> Iterator[tuple[Row, Row]]:
        """The rows that were there and still are."""
        return ((was, row) for was, row in self.both(table) if was is not None and row is not None)

    def new(self, table: str) -> Iterator[Row]:
        """The rows that were not there before."""
        return (row for was, row in self.both(table) if was is None and row is not None)

    def table(self, seen: Seen, table: str) -> dict[Key, Row]:
        """The rows of a table by their key."""
        mark = (id(seen), table)
        if mark not in self._by_key:
            self._by_key[mark] = {tuple(row[name] for name in KEYS[table]): row for row in seen.rows[table]}
        return self._by_key[mark]

    def has_begun(self, cohort_id: str) -> bool:
        """Whether a cohort had begun before."""
        row = self.table(self.before, "cohorts").get((cohort_id,))
        return row is not None and row["begun_at"] is not None


def complaints(moment: Moment) -> list[str]:
    """Everything that does not hold, in words; what holds at a moment, and what holds from one to the next."""
    standing = [f"{check.__name__}: {told}" for check in CHECKS for told in check(moment.after)]
    if moment.rewound:
        # By the clock of a person who acts while it is set back; the history has the order.
        standing = [told for told in standing if not told.startswith("i_9_stage_order: match.approval was done before")]
    return standing + [f"{check.__name__}: {told}" for check in CHANGES for told in check(moment)]


def i_3_all_or_nothing(moment: Moment) -> Iterator[str]:
    """An occasion that was just done has as many mails as its line of the history counts."""
    told = {
        (row["chain"], row["occasion"], row["about"]): row["counts"].get("mails", 0)
        for row in moment.after.rows["events"]
        if row["kind"] == "occasion.done"
    }
    queued: dict[Key, int] = {}
    for row in moment.new("messages"):
        key = (row["cohort_id"], row["occasion"], row["about"])
        queued[key] = queued.get(key, 0) + 1
    for was, row in moment.kept("occasions"):
        key = (row["cohort_id"], row["key"], row["about"])
        was_sent = row["kind"] == "mail" and row["state"] == "done" and was["state"] != "done"
        if was_sent and queued.get(key, 0) != told.get(key):
            yield f"{key} is done with {queued.get(key, 0)} mails, and the history counts {told.get(key)}"


def i_4_one_owner(moment: Moment) -> Iterator[str]:
    """A fence only rises; whoever has finished holds nothing; what was done was claimed."""
    for table in ("occasions", "messages"):
        for was, row in moment.both(table):
            if row is None:
                continue
            name = row.get("message_id") or (row["key"], row["about"])
            if was is not None and row["fence"] < was["fence"]:
                yield f"{table} {name}: its fence fell from {was['fence']} to {row['fence']}"
            if row["lease_until"] is not None and row["lease_until"] > time.time():
                yield f"{table} {name} is still held by {row['lease_owner']}"
            if row["state"] in (*OVER, *SENT) and row["lease_until"] is not None:
                yield f"{table} {name} is {row['state']} and held"


def i_5_one_way(moment: Moment) -> Iterator[str]:
    """A mail that has ended stays as it ended; nothing of a queued one is exchanged."""
    for was, row in moment.kept("messages"):
        if was["state"] in LAST_STATES and was != row:
            yield f"{row['message_id']} was {was['state']} and {_differing(was, row)} changed"
        if names := [name for name in OF_A_MAIL if was[name] != row[name]]:
            yield f"{row['message_id']}: {names} changed"


def i_7_asked_again(moment: Moment) -> Iterator[str]:
    """Nobody who has left, is away or may not be written to was sent anything."""
    with moment.after.house.database.read() as db:
        secret = instances.read_secret(db)
    barred = {row["address_hash"] for row in moment.after.rows["suppressions"]}
    part = {(row["cohort_id"], row["person_id"]): row["state"] for row in moment.after.rows["participants"]}
    for was, row in moment.both("messages"):
        if row is None or row["state"] not in SENT or (was is not None and was["state"] in SENT):
            continue
        person = moment.after.people.get(row["person_id"])
        if person is None:
            continue
        if person["status"] != "active":
            yield f"{row['template']} went to {row['person_id']}, who is {person['status']}"
        if part.get((row["cohort_id"], row["person_id"])) in ("left", "withdrawn") and not moment.is_race:
            yield f"{row['template']} went to {row['person_id']}, who takes part no more"
        if address_hash(secret, person["email"]) in barred:
            yield f"{row['template']} went to {row['person_id']}, whose address is barred"


def i_8_matches_stay_whose_they_are(moment: Moment) -> Iterator[str]:
    """Who is tied to whom never changes, and a match that is over stays over."""
    for was, row in moment.kept("matches"):
        if names := [name for name in OF_A_MATCH if was[name] != row[name]]:
            yield f"{row['match_id']}: {names} changed"
        if was["state"] not in LIVE_MATCHES and was["state"] != row["state"]:
            yield f"{row['match_id']} was {was['state']} and is {row['state']}"


def i_11_the_clock(moment: Moment) -> Iterator[str]:
    """The mark of the last tick never goes back; what has ended, or closed, or begun, stays so."""
    (was,), (row,) = moment.before.rows["instance"], moment.after.rows["instance"]
    if was["last_tick_at"] and (row["last_tick_at"] is None or row["last_tick_at"] < was["last_tick_at"]):
        yield f"the last tick went from {was['last_tick_at']} to {row['last_tick_at']}"
    for old, new in moment.kept("cohorts"):
        if old["begun_at"] != new["begun_at"] and old["begun_at"] is not None:
            yield f"{new['cohort_id']} began a second time"
        if old["state"] == "closed" != new["state"]:
            yield f"{new['cohort_id']} was closed and is {new['state']}"


def i_13_what_is_done_names_its_bundle(moment: Moment) -> Iterator[str]:
    """A cohort that has begun stays on its version; new mails use the texts in force; each names what it used."""
    known = set(moment.table(moment.after, "bundles"))
    texts = {row["accepted_hash"] for seen in (moment.before, moment.after) for row in _texts_of(seen)}
    for was, row in moment.kept("cohorts"):
        if was["begun_at"] is not None and was["config_hash"] != row["config_hash"]:
            yield f"{row['cohort_id']} has begun and runs on another version"
    for row in moment.new("messages"):
        if row["texts_hash"] not in texts:
            yield f"{row['template']} to {row['person_id']} uses texts that are not in force"
        if (row["config_hash"],) not in known or (row["texts_hash"],) not in known:
            yield f"{row['template']} to {row['person_id']} names a version that nobody has"
    for row in moment.after.rows["occasions"]:
        if (row["config_hash"],) not in known:
            yield f"{row['key']} names a version that nobody has"


def _texts_of(seen: Seen) -> list[Row]:
    return [row for row in seen.rows["programs"] if row["program_id"] == TEXTS_PROGRAM]


def i_13_what_is_to_come_follows(moment: Moment) -> Iterator[str]:
    """Every dated occasion of a cohort under way is there once, and one still ahead is due when its line says."""
    for row in moment.after.rows["cohorts"]:
        if row["state"] not in ("running", "held") or (row["state"] == "held" and row["begun_at"] is None):
            continue
        declared = {
            each.key: each for each in dated_occasions(moment.after.cohort(row["cohort_id"], row["config_hash"]))
        }
        mine = {key: it for (cohort, key, about), it in moment.after.occasions.items() if cohort == row["cohort_id"]}
        yield from (f"{key} is declared, and not there" for key in declared if key not in mine)
        for key, it in mine.items():
            if it["state"] != "pending" or it["about"] != "-" or it["due_at"] <= max(moment.latest, moment.now):
                continue
            if key in declared and declared[key].due_at != it["due_at"]:
                yield f"{key} is due at {it['due_at']}, and declared for {declared[key].due_at}"


def i_14_done_stays_done(moment: Moment) -> Iterator[str]:
    """Nothing that has run is changed or goes; nothing that is kept for good is written over or deleted."""
    for was, row in moment.both("occasions"):
        if was is None:
            continue
        name = (was["cohort_id"], was["key"], was["about"])
        if was["state"] in OVER and was != row:
            yield f"{name} was {was['state']}, and {_differing(was, row or {})} changed"
        if row is None and moment.has_begun(was["cohort_id"]):
            yield f"{name} is gone"
        if row and was["state"] == "cancelled" != row["state"] and was["reason"] != TAKEN_OUT:
            yield f"{name} was cancelled ({was['reason']}) and is {row['state']}"
    for table in (*NEVER_LESS, *NEVER_OTHER):
        for was, row in moment.both(table):
            key = [(was or row or {})[name] for name in KEYS[table]]
            if row is None or (table in NEVER_OTHER and was is not None and was != row):
                yield f"{table} {key} is {'gone' if row is None else 'another'}"


def i_16_rows_of_files(moment: Moment) -> Iterator[str]:
    """Every row of a file is counted once; a day never goes back; only who is gone, or absent twice, leaves."""
    for row in moment.new("intakes"):
        if row["rows"] != row["accepted"] + row["unchanged"] + row["quarantined"]:
            yield f"{row['file']}: {row['rows']} rows, and {row['accepted']}+{row['unchanged']}+{row['quarantined']}"
    for cell in moment.after.rows["quarantine"]:
        if not (cell["sha256"] and cell["row"] and cell["code"]):
            yield f"a cell of {cell['file']} in quarantine does not say which"
    said = moment.good_file
    for was, row in moment.kept("people"):
        name = row["person_id"]
        if row["updated_on"] < was["updated_on"]:
            yield f"{name}: a file of {row['updated_on']} wrote over one of {was['updated_on']}"
        left = row["status"] == "left" != was["status"]
        if left and (said is None or said.get(name) != "left") and was["missing_since"] is None:
            yield f"{name} left without a word of it"
        if said is not None and name in said and row["status"] != said[name]:
            yield f"{name} is {row['status']}, and the newest file says {said[name]}"


def i_28_answers_are_kept(moment: Moment) -> Iterator[str]:
    """What somebody said is never rewritten; what was said last is current, and of one instant the newest revision."""
    newest: dict[Key, Row] = {}
    for row in moment.after.rows["answers"]:
        key = tuple(row[name] for name in ("cohort_id", "occasion", "form", "person_id", "about"))
        newest[key] = max(newest.get(key, row), row, key=lambda each: (each["answered_at"], each["revision"]))
    yield from (
        f"{key}: revision {row['revision']} is not current" for key, row in newest.items() if not row["is_current"]
    )
    for was, row in moment.kept("answers"):
        if {**was, "is_current": row["is_current"]} != row or row["is_current"] > was["is_current"]:
            yield f"{row['answer_id']} is not what was said"


def _differing(was: Row, row: Row) -> list[str]:
    return [name for name in was if was[name] != row.get(name)]


CHANGES: tuple[Callable[[Moment], Iterator[str]], ...] = (
    i_3_all_or_nothing,
    i_4_one_owner,
    i_5_one_way,
    i_7_asked_again,
    i_8_matches_stay_whose_they_are,
    i_11_the_clock,
    i_13_what_is_done_names_its_bundle,
    i_13_what_is_to_come_follows,
    i_14_done_stays_done,
    i_16_rows_of_files,
    i_28_answers_are_kept,
)
