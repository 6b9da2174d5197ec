"""Whole moments of the lifecycle, entered in a fraction of a second: `cohort_recruiting(tmp_path)` and its sisters.

A scene is a house with one small cohort that has really lived up to its moment: real ticks, real answers, `now`
given. Each moment is lived through once per process and kept as a copy of its database; entering it is a file copy.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scene_files import AFTER, AGREEMENT, COHORT, MENTEES, MENTORS, PROGRAM, PULSE, application, roster_csv
from scene_files import write_configuration as write_configuration

from cohortflow.engine import plainly
from cohortflow.mailroom.transports import MemoryTransport, Transport
from cohortflow.store import messages, occasions
from cohortflow.store.tables import metadata
from flows.answers import take_in_answers
from flows.approval import approve_matches
from flows.house import House, living_in, open_house
from flows.tick import one_pass
from schemas.replies import Refused, Reply
from schemas.settings import Settings

Outbox = "outbox"  # a transport that writes files under the house's var/outbox


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@dataclass
class Scene:
    """A house, its one cohort, and the instant it is at. Everything that acts moves `now` or happens at it."""

    house: House
    now: datetime
    cohort_id: str = COHORT

    @property
    def home(self) -> Path:
        """Where the configuration, the inbox and the database lie."""
        return self.house.settings.home

    @property
    def sent(self) -> list[Any]:
        """What the memory transport was handed since the scene began: (letter, at)."""
        assert isinstance(self.house.transport, MemoryTransport)
        return self.house.transport.sent

    def tick(self, at: datetime | None = None) -> dict[str, int]:
        """One whole pass at an instant, which becomes `now`."""
        self.now = at or self.now
        with plainly(), living_in(self.house):
            return one_pass(self.now)

    def live_to(self, at: datetime) -> "Scene":
        """Tick at every instant with something to do, up to and including `at`."""
        while (moment := self.next_instant()) is not None and moment <= at:
            self.tick(max(moment, self.now))
        self.now = at
        return self

    def live_past(self, key: str, about: str = "-", hours: int = 22) -> "Scene":
        """Live until an occasion is due, and so many hours on, when its mails are out everywhere."""
        due_at = self.occasion(key, about)["due_at"]
        return self.live_to(due_at + timedelta(hours=hours))

    def next_instant(self) -> datetime | None:
        """When the next thing is to be done."""
        with self.house.database.read() as db:
            both = [occasions.next_instant(db), messages.next_instant(db)]
        return min((each for each in both if each is not None), default=None)

    def reply(
        self, person_id: str, form: str, occasion: str, answers: dict[str, object], about: str = "-"
    ) -> list[Refused]:
        """One person submits one form now."""
        return self.take([Reply(person_id, form, occasion, answers, self.now, about)])

    def take(self, replies: list[Reply]) -> list[Refused]:
        """Several forms come in together now."""
        with plainly(), living_in(self.house):
            return take_in_answers(self.house, self.cohort_id, replies, self.now, via="test")

    def approve(self, by: str = "role:approver#1") -> int:
        """The approver says yes now."""
        with plainly(), living_in(self.house):
            return int(approve_matches(self.cohort_id, by, self.now))

    def everybody_applies(self, people: Collection[str] = MENTORS + MENTEES) -> None:
        """All of them submit the application."""
        assert not self.take([Reply(p, "apply", "recruit", application(p), self.now) for p in people])

    def everybody_accepts(self) -> None:
        """Both people of every approved match say yes."""
        replies = []
        for match in self.matches("approved"):
            for person_id in (match["mentee_id"], match["mentor_id"]):
                given: dict[str, object] = {"accept": "yes"}
                replies.append(Reply(person_id, "accept", "match.accept", given, self.now, match["match_id"]))
        assert not self.take(replies)

    def everybody_answers(
        self, form: str, occasion: str, answers: dict[str, object], *, by_match: bool = False
    ) -> None:
        """Everybody in a live match fills in a form: once, or for each match."""
        found = {}
        for match in self.matches("approved", "accepted", "active"):
            for person_id in (match["mentee_id"], match["mentor_id"]):
                about = match["match_id"] if by_match else "-"
                found[person_id, about] = Reply(person_id, form, occasion, answers, self.now, about)
        assert not self.take(list(found.values()))

    def drop_roster(
        self, *, without: Collection[str] = (), left: Collection[str] = (), on_leave: Collection[str] = ()
    ) -> Path:
        """HR drops today's export into the inbox."""
        folder = self.home / "inbox" / "workers"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"workers-{self.now:%Y-%m-%d}.csv"
        path.write_text(roster_csv(without=without, left=left, on_leave=on_leave), encoding="utf-8")
        return path

    def rows(self, table: str, **where: object) -> list[dict[str, Any]]:
        """The rows of a table, by its key."""
        it = metadata.tables[table]
        query = sa.select(it).order_by(*it.primary_key.columns)
        for name, value in where.items():
            query = query.where(it.c[name] == value)
        with self.house.database.read() as db:
            return [dict(row) for row in db.execute(query).mappings()]

    def occasion(self, key: str, about: str = "-") -> dict[str, Any]:
        """One occasion's row."""
        (row,) = self.rows("occasions", cohort_id=self.cohort_id, key=key, about=about)
        return row

    def matches(self, *states: str) -> list[dict[str, Any]]:
        """The matches in some states, or all."""
        found = self.rows("matches", cohort_id=self.cohort_id)
        return [row for row in found if not states or row["state"] in states]

    def mails(self, template: str | None = None, person_id: str | None = None) -> list[dict[str, Any]]:
        """The ledger's mails, optionally of one text or one reader."""
        where = {"template": template, "person_id": person_id}
        return self.rows("messages", **{name: value for name, value in where.items() if value is not None})

    def person(self, person_id: str) -> dict[str, Any]:
        """A participant's row."""
        (row,) = self.rows("participants", cohort_id=self.cohort_id, person_id=person_id)
        return row

    def close(self) -> None:
        """Give the database back."""
        self.house.database.close()


def open_scene(
    home: Path,
    now: datetime,
    *,
    program: str = PROGRAM,
    transport: Transport | str | None = None,
    database_url: str = "",
    **settings: Any,
) -> Scene:
    """A house around a home folder; the database it finds there, or a new one."""
    write_configuration(home, program)
    given = {"lease_seconds": 3600, "durable": False, "mail": "", **settings}
    where = Settings(home=home, program_dir=home / "program_configs", database_url=database_url, **given)
    # Not `transport or ...`: a memory that is still empty counts as false.
    by = None if transport == Outbox else MemoryTransport() if transport is None else transport
    return Scene(open_house(where, secret="a scene", transport=by), now)  # type: ignore[arg-type]


def declare(scene: Scene) -> None:
    """The first tick, the day before the first date: files are taken in, nothing is due."""
    scene.drop_roster()
    scene.tick()


def recruit(scene: Scene) -> None:
    """Everybody eligible has the invitation; nobody has answered."""
    scene.live_past("recruit.invite#1")


def apply_and_propose(scene: Scene) -> None:
    """All have applied, applications are closed, pairs are proposed, the approver is asked."""
    scene.everybody_applies()
    scene.live_past("match.approval_request#1")


def announce(scene: Scene) -> None:
    """The approver has said yes, and everybody knows their partner."""
    scene.approve()
    scene.live_past("match.meet_your_match#1")


def orient(scene: Scene) -> None:
    """All have said yes to their match; the welcome is out."""
    scene.everybody_accepts()
    scene.live_past("orient.welcome#1")


def begin_check_ins(scene: Scene) -> None:
    """The matches are active; the first check-in is open and asked for."""
    scene.everybody_answers("agreement", "orient", AGREEMENT)
    scene.live_past("check_in#1.pulse#1")


def evaluate(scene: Scene) -> None:
    """The first check-in was answered by all; the final survey is out."""
    scene.everybody_answers("pulse", "check_in#1", PULSE, by_match=True)
    scene.live_past("evaluate.final_survey#1")


def be_about_to_close(scene: Scene) -> None:
    """The final survey is answered; the next thing to happen is the end."""
    scene.everybody_answers("after", "evaluate", AFTER)
    scene.live_to(scene.occasion("close.runs")["due_at"] - timedelta(hours=1))


def close(scene: Scene) -> None:
    """The cohort has ended and everybody is thanked."""
    scene.live_past("close.thank_you#1")


MOMENTS: dict[str, Callable[[Scene], None]] = {
    "declared": declare,
    "recruiting": recruit,
    "awaiting_approval": apply_and_propose,
    "announced": announce,
    "orienting": orient,
    "checking_in": begin_check_ins,
    "evaluating": evaluate,
    "closing": be_about_to_close,
    "closed": close,
}
THE_DAY_BEFORE = utc(2027, 1, 24, 12)

_kept: dict[tuple[str, str], tuple[Path, datetime]] = {}
_folder = tempfile.TemporaryDirectory(prefix="scenes-")


def enter(moment: str, home: Path, *, program: str = PROGRAM, **given: Any) -> Scene:
    """A scene at a named moment, with a database of its own in `home`."""
    kept, now = _lived_to(moment, program)
    database = home / "var" / "cohortflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(kept / "cohortflow.db", database)
    if not (home / "inbox").exists():
        shutil.copytree(kept / "inbox", home / "inbox")
    return open_scene(home, now, program=program, **given)


def _lived_to(moment: str, program: str) -> tuple[Path, datetime]:
    if (moment, program) not in _kept:
        home = Path(tempfile.mkdtemp(dir=_folder.name))
        names = list(MOMENTS)
        before = names[names.index(moment) - 1] if moment != names[0] else None
        if before is None:
            scene = open_scene(home, THE_DAY_BEFORE, program=program)
        else:
            scene = enter(before, home, program=program)
        MOMENTS[moment](scene)
        scene.close()
        _kept[moment, program] = (_keep(home), scene.now)
    return _kept[moment, program]


def _keep(home: Path) -> Path:
    """The database as one file without a journal, and the inbox, under a folder of their own."""
    kept = Path(tempfile.mkdtemp(dir=_folder.name))
    source = sqlite3.connect(home / "var" / "cohortflow.db")
    source.execute("VACUUM INTO ?", (str(kept / "cohortflow.db"),))
    source.close()
    (kept / "cohortflow.db").chmod(0o600)
    shutil.copytree(home / "inbox", kept / "inbox")
    return kept


def cohort_declared(home: Path, **given: Any) -> Scene:
    """Known to the system, a day before its first date."""
    return enter("declared", home, **given)


def cohort_recruiting(home: Path, **given: Any) -> Scene:
    """Invitations are out, nobody has answered."""
    return enter("recruiting", home, **given)


def cohort_awaiting_approval(home: Path, **given: Any) -> Scene:
    """Pairs are proposed and the approver has been asked."""
    return enter("awaiting_approval", home, **given)


def cohort_announced(home: Path, **given: Any) -> Scene:
    """Pairs are approved and know of each other; nobody has said yes yet."""
    return enter("announced", home, **given)


def cohort_orienting(home: Path, **given: Any) -> Scene:
    """All have said yes, the welcome is out."""
    return enter("orienting", home, **given)


def cohort_checking_in(home: Path, **given: Any) -> Scene:
    """Matches are active, the first check-in is asked for, nobody has answered it."""
    return enter("checking_in", home, **given)


def cohort_evaluating(home: Path, **given: Any) -> Scene:
    """The final survey is out, nobody has answered it."""
    return enter("evaluating", home, **given)


def cohort_closing(home: Path, **given: Any) -> Scene:
    """The survey is answered; the next tick an hour later ends the cohort."""
    return enter("closing", home, **given)


def cohort_closed(home: Path, **given: Any) -> Scene:
    """The cohort has ended and everybody is thanked."""
    return enter("closed", home, **given)
