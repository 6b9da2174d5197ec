"""One small cohort in one house, or in two that must agree, and everything that can happen to it: `Life`.

After each act the checks of `transitions.py` look at every row, before and after; two houses must end up the same.
"""

import json
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import sqlalchemy as sa
from grounds import VOLATILE, fill
from invariants import Seen, excluded_pairs
from properties.files import STATUS, ProgramFile, Roster, plain
from properties.transitions import Moment, complaints
from scene_files import AFTER, AGREEMENT, COHORT, MENTEES, MENTORS, PULSE, application
from scenes import enter
from story import PostBox, Story

from cohortflow.engine import plainly
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import Outcome
from cohortflow.programs.cohorts import cohort_line
from cohortflow.programs.documents import read_config
from cohortflow.store import instances
from cohortflow.store.database import open_database
from cohortflow.store.mail_stops import address_hash
from cohortflow.store.tables import people, suppressions
from flows.house import living_in
from flows.instance import look_around
from schemas.errors import CohortflowError
from schemas.replies import Reply

MINE = ("occasions", "participants", "matches", "answers")
Act = Callable[[Story], object]
FORMS: dict[str, tuple[str, dict[str, object]]] = {
    "apply": ("recruit", {}),
    "accept": ("match.accept", {"accept": "yes"}),
    "agreement": ("orient", AGREEMENT),
    "pulse": ("check_in#1", PULSE),
    "after": ("evaluate", AFTER),
    "rematch": ("rematch", {"reason": "Our goals do not fit"}),
}
TOLD = ("chain", "at", "kind", "occasion", "about", "counts")
ABOUT_A_MATCH = ("accept", "pulse", "rematch")


@dataclass
class Post(PostBox):
    """A memory that may be down: it asks for another try, or loses track of what arrived or did not."""

    fault: str = ""

    def send(self, letter: Letter, at: datetime) -> Outcome:
        """Take the letter, or do what the fault says."""
        if self.fault in ("down", "nobody knows, not arrived"):
            return Outcome("retry" if self.fault == "down" else "unknown", "the post is down")
        if self.fault == "refused":
            return Outcome("refused", "no such mailbox")
        taken = super().send(letter, at)
        return Outcome("unknown", "no answer came") if self.fault == "nobody knows, arrived" else taken


@dataclass
class Life:
    """A cohort's life, as far as it has come."""

    stories: list[Story]
    templates: Path
    file: ProgramFile = field(default_factory=ProgramFile)
    roster: Roster = field(default_factory=Roster)
    lines: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    latest: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    newest_day: str = ""
    rewound: bool = False
    clean_texts: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.latest, self.newest_day = self.now, max(path.stem[-10:] for path in self.inbox.glob("*.csv"))
        self.save()
        for story in self.stories:
            look_around(story.house.settings, story.house.database, self.now)  # as the first command there would
            story.before = frozenset(row["message_id"] for row in story.mails() if row["state"] == "accepted")
        self.seen = [self.look(story) for story in self.stories]

    @property
    def now(self) -> datetime:
        """The instant everything happens at."""
        return self.stories[0].now

    @now.setter
    def now(self, at: datetime) -> None:
        for story in self.stories:
            story.now = at

    @property
    def home(self) -> Path:
        """Where the files of all houses lie."""
        return self.stories[0].home

    @property
    def inbox(self) -> Path:
        """Where HR drops the roster."""
        return self.home / "inbox" / "workers"

    @property
    def one(self) -> Seen:
        """What the first house holds; the other one holds the same."""
        return self.seen[0]

    @staticmethod
    def look(story: Story) -> Seen:
        """Every row of a house, now."""
        return Seen(story.house, story.before, False)

    # --- acting and checking --------------------------------------------------------------------------------------

    def do(self, act: Act, *, good_file: dict[str, str] | None = None, is_race: bool = False) -> object:
        """Let something happen in each house, and insist on all that must hold from before to after."""
        results = []
        for number, story in enumerate(self.stories):
            before = self.seen[number]
            results.append(act(story))
            after = self.seen[number] = self.look(story)
            moment = Moment(before, after, self.now, self.latest, good_file, is_race, self.rewound)
            told = complaints(moment)
            told += [f"{row['key']}: {row['last_error']}" for row in after.rows["occasions"] if row["last_error"]]
            if any(row["proposed_at"] == self.now for row in moment.new("matches")):
                told += excluded_pairs(story.house, self.now)
            assert not told, f"{len(told)} complaints at {self.now}:\n" + "\n".join(told[:30])
        self.latest = max(self.latest, self.now)
        if len(self.stories) > 1:
            assert results[1:] == results[:-1], f"the houses do not agree: {results}"
            self.compare()
        return results[0]

    def compare(self) -> None:
        """Insist that the houses hold the same."""
        one, other = (lasting(seen) for seen in self.seen)
        for table, rows in one.items():
            if rows != other[table]:
                only = (
                    [row for row in rows if row not in other[table]],
                    [row for row in other[table] if row not in rows],
                )
                raise AssertionError(
                    f"{table} differ at {self.now}: {str(only[0][:3])[:1500]}\n{str(only[1][:3])[:1500]}"
                )

    def tick(self, at: datetime | None = None, **given: Any) -> object:
        """A whole pass in each house."""
        self.now = at or self.now
        return self.do(ticking, **given)

    def settle(self) -> None:
        """Tick until nothing is left to do at this instant."""
        for _ in range(3):
            self.tick()

    def unchanged(self, act: Act, tables: Iterable[str] | None = None) -> object:
        """Let something happen that must not write a row, or none of some tables."""
        before = self.one
        result = self.do(act)
        for name in tables or before.rows:
            assert before.rows[name] == self.one.rows[name], f"{name} has changed"
        return result

    def race(self, *acts: Act) -> None:
        """Let several acts run at once in each house; then let a tick do what one left to the other."""

        def together(story: Story) -> None:
            barrier = Barrier(len(acts))

            def run(number: int) -> None:
                house = replace(story.house, worker=f"worker-{number}", signatures={})
                barrier.wait()
                acts[number](Story(house, story.now))

            with ThreadPoolExecutor(len(acts)) as pool:
                list(pool.map(run, range(len(acts))))
            ticking(story)

        self.do(together, is_race=True)

    # --- what stands where ----------------------------------------------------------------------------------------

    def cohort(self) -> dict[str, Any]:
        """The cohort's row."""
        (row,) = (each for each in self.one.rows["cohorts"] if each["cohort_id"] == COHORT)
        return row

    def has_begun(self) -> bool:
        """Whether its line now changes only by the rules of a running cohort."""
        return self.cohort()["begun_at"] is not None

    def waiting(self) -> dict[str, Any] | None:
        """The edit that waits for an approver."""
        return next((row for row in self.one.rows["waiting_edits"] if row["cohort_id"] == COHORT), None)

    def state(self, key: str) -> str:
        """The state of an occasion of the whole cohort."""
        row = self.one.occasions.get((COHORT, key, "-"))
        return str(row["state"]) if row else "-"

    def matches(self, *states: str) -> list[dict[str, Any]]:
        """The cohort's matches in some states."""
        return [row for row in self.one.rows["matches"] if row["cohort_id"] == COHORT and row["state"] in states]

    def save(self) -> None:
        """HR saves the program's file; what its line says is remembered by how it is kept."""
        path = self.home / "program_configs" / "small-circle.yaml"
        path.write_text(self.file.text(), encoding="utf-8")
        if not self.file.broken:
            raw = cohort_line(read_config(path), "small-circle", self.file.line["key"])
            self.lines[json.dumps(raw, sort_keys=True)] = {**self.file.line, "key": COHORT.split("/")[1]}

    def in_force(self) -> dict[str, str]:
        """The words of the line the cohort runs on."""
        return self.lines[json.dumps(dict(self.cohort()["line"]), sort_keys=True)]

    # --- people ---------------------------------------------------------------------------------------------------

    def replies(self, form: str, person: str, number: int, valid: bool) -> list[Reply]:
        """What one person submits."""
        occasion, given = FORMS[form]
        about = "-"
        if form in ABOUT_A_MATCH:
            every = self.matches("proposed", "approved", "accepted", "active", "ended", "declined")
            mine = [row["match_id"] for row in every if person in (row["mentee_id"], row["mentor_id"])]
            about = mine[number % len(mine)] if mine else "m-nobody"
        given = application(person) if form == "apply" and person[0] in "MT" else given
        if form == "accept" and number % 4 == 3:
            given = {"accept": "no"}
        if not valid:
            given = {**dict(list(given.items())[1:]), "nonsense": "x"}
        return [Reply(person, form, occasion, given, self.now, about)]

    def everybody(self, leave_out: str) -> list[Reply]:
        """What everybody who is asked just now submits, but for one."""
        if self.state("match.runs") == "pending":
            return [
                r for each in (*MENTEES, *MENTORS) if each != leave_out for r in self.replies("apply", each, 0, True)
            ]
        late = "after" if self.state("evaluate.opens") == "done" else "agreement"
        found: dict[tuple[str, str, str], Reply] = {}
        for match in self.matches("approved", "accepted", "active"):
            form = {"approved": "accept", "accepted": "agreement"}.get(match["state"], late)
            form = "pulse" if form == "agreement" and self.state("check_in#1") == "done" else form
            occasion, given = FORMS[form]
            about = match["match_id"] if form in ABOUT_A_MATCH else "-"
            for person in {match["mentee_id"], match["mentor_id"]} - {leave_out}:
                found[person, form, about] = Reply(person, form, occasion, given, self.now, about)
        return [found[key] for key in sorted(found)]

    # --- files ----------------------------------------------------------------------------------------------------

    def drop_roster(self, kind: str, person: str, day: datetime) -> None:
        """HR drops an export, and a tick finds it."""
        name = f"{day:%Y-%m-%d}"
        is_newest, before = name >= self.newest_day, {key: plain(row) for key, row in self.one.people.items()}
        lines = self.roster.lines()
        (self.inbox / f"workers-{name}.csv").write_text(self.roster.export(kind, person), encoding="utf-8")
        said = {each: STATUS[line.rsplit(",", 1)[1]] for each, line in lines.items()}
        if kind == "a bad row":
            said.pop(person, None)
        is_good = is_newest and kind in ("whole", "in another order", "a bad row", "the same row twice")
        self.tick(good_file=said if is_good else None)
        after = {key: plain(row) for key, row in self.one.people.items()}
        if not is_newest or kind == "no such column":
            assert after == before, "an older file, or one that cannot be read, changed somebody"
        if person in lines and kind in ("a bad row", "two rows that differ"):
            assert after[person] == before[person], "a bad row changed a person"
        self.newest_day = max(self.newest_day, name)

    def text(self, name: str, change: Callable[[str], str] | None) -> None:
        """Somebody edits a mail's text, or puts all texts back."""
        path = self.templates / name
        if change is not None:
            self.clean_texts.setdefault(path, path.read_text(encoding="utf-8"))
            path.write_text(change(self.clean_texts[path]), encoding="utf-8")
            return
        for each, clean in self.clean_texts.items():
            each.write_text(clean, encoding="utf-8")
        self.clean_texts.clear()

    def show_clock(self) -> None:
        """Let the instance clock show the life's instant, for the commands that ask it."""
        started = datetime.now(UTC)
        for number, story in enumerate(self.stories):
            with story.house.database.write() as db:
                instances.set_clock(db, base=self.now, started=started)
            self.seen[number] = self.look(story)

    def end(self) -> None:
        """Give everything back."""
        self.text("", None)
        for story in self.stories:
            story.close()
        shutil.rmtree(self.home)


def lasting(seen: Seen) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that must be the same wherever a life is lived: not how often something was tried, and in which order."""
    found = {}
    for table, rows in seen.rows.items():
        if table == "message_attempts":
            continue
        names = TOLD if table == "events" else [name for name in rows[0] if name not in VOLATILE] if rows else []
        kept = [row for row in rows if not str(row.get("kind", "")).startswith("mail.")] if table == "events" else rows
        found[table] = sorted((tuple(row[name] for name in names) for row in kept), key=repr)
    return found


def ticking(story: Story) -> None:
    """One pass; every program in it must go well."""
    totals = story.tick()
    assert totals["failed"] == 0, totals


def tried(act: Act) -> Act:
    """An act that may be refused; what it says then is its result."""

    def attempt(story: Story) -> object:
        try:
            with plainly(), living_in(story.house):
                return act(story)
        except CohortflowError as error:
            return f"refused: {error}"

    return attempt


def begin(moment: str, home: Path, templates: Path, urls: list[str]) -> Life:
    """A life at a named moment, in a house for each database; "" is SQLite."""
    scene = enter(moment, home, transport=Post(), template_dir=templates)
    stories = []
    for url in urls:
        if not url:
            stories.append(Story(scene.house, scene.now))
            continue
        database = open_database(url)
        fill(database, scene.house.database)
        settings = scene.house.settings.model_copy(update={"database_url": url})
        house = replace(scene.house, settings=settings, database=database, transport=Post(), signatures={}, programs={})
        stories.append(Story(house, scene.now))
    if "" not in urls:
        scene.close()
    return Life(stories, templates)


def bar(person: str) -> Act:
    """Somebody's address may not be written to any more."""

    def act(story: Story) -> None:
        with story.house.database.write() as db:
            email = db.execute(sa.select(people.c.email).where(people.c.person_id == person)).scalar_one()
            name = address_hash(instances.read_secret(db), email)
            if not db.execute(sa.select(suppressions).where(suppressions.c.address_hash == name)).first():
                db.execute(suppressions.insert().values(address_hash=name, reason="bounced before", since=story.now))

    return act
