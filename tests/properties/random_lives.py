"""The random events of a life, as a state machine of hypothesis: any of them, in any order."""

import re
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from properties.acts import approved, claimed, confirmed, fate_of, held_by_hand, looked, mine, resumed, write_late
from properties.files import BODIES, BREAKS, EDITABLE, FILES, fates
from properties.lives import FORMS, MINE, Life, bar, begin, ticking, tried
from scene_files import COHORT, MENTEES, MENTORS
from story import Story

from cohortflow.cli.difference import difference_of, without_line
from cohortflow.programs.cohorts import read_cohort
from cohortflow.programs.documents import read_config
from schemas.errors import ProgramError

MOMENTS = (
    "declared", "recruiting", "awaiting_approval", "announced", "orienting", "checking_in", "evaluating", "closing",
)  # fmt: skip
PEOPLE = st.sampled_from([*MENTEES, *MENTORS, "J01"])
NUMBERS = st.integers(0, 7)
APPROVER, STRANGER = "dana.reyes@acme.example", "sam.stranger@acme.example"
FATE = {"applied": "applied", "needs_confirmation": "waits", "refused": "refused"}
SENSIBLE = ("seats", "seats", "ends", "closes", "closes", "reminders", "reminders", "levels", "every")
COMMANDS = (
    ("plan", COHORT, "--difference"),
    ("plan", COHORT, "--json"),
    ("check",),
    ("status",),
    ("preview", COHORT, "--message", "invite"),
    ("preview", COHORT, "--message", "welcome", "--person", "T01"),
)


class Events(RuleBasedStateMachine):
    """A life to which anything may happen; each test says in which databases it is lived."""

    urls: list[str]
    templates: Path
    folder: Path
    life: Life

    @initialize(moment=st.sampled_from(MOMENTS))
    def begins(self, moment: str) -> None:
        """Everything up to here has happened as planned."""
        home = Path(tempfile.mkdtemp(dir=self.folder)) / "house"
        self.life = begin(moment, home, self.templates, self.urls)
        self.life.tick()

    def teardown(self) -> None:
        """The life is over."""
        if hasattr(self, "life"):
            self.life.end()

    # --- time -----------------------------------------------------------------------------------------------------

    @rule(times=st.integers(1, 6))
    def ticks_come_when_something_is_due(self, times: int) -> None:
        for _ in range(times):
            at = self.life.stories[0].next_instant()
            self.life.tick(max(at, self.life.now) if at else self.life.now + timedelta(hours=1))

    @rule(
        key=st.sampled_from(
            ["recruit.closes", "match.runs", "orient.opens", "orient.closes", "check_in#1", "close.runs"]
        )
    )
    def life_goes_on_until(self, key: str) -> None:
        life, row = self.life, self.life.one.occasions.get((COHORT, key, "-"))
        if row is None or not timedelta(0) < row["due_at"] - life.now < timedelta(days=20):
            life.tick(life.now + timedelta(hours=23))
            return
        while (at := life.stories[0].next_instant()) is not None and at <= row["due_at"]:
            life.tick(max(at, life.now))
        life.tick(row["due_at"] + timedelta(hours=8))

    @rule(hours=st.sampled_from([1, 7, 30, 80, 200, 400]))
    def nobody_ticks_for_a_while(self, hours: int) -> None:
        self.life.tick(self.life.now + timedelta(hours=hours))

    @rule(hours=st.sampled_from([1, 26, 200]))
    def the_clock_is_set_back(self, hours: int) -> None:
        self.life.rewound = True
        self.life.tick(self.life.now - timedelta(hours=hours))

    # --- workers --------------------------------------------------------------------------------------------------

    @rule(fault=st.sampled_from(["down", "refused", "nobody knows, arrived", "nobody knows, not arrived"]))
    def the_post_fails_for_a_tick(self, fault: str) -> None:
        at = self.life.stories[0].next_instant() or self.life.now
        for fails in (fault, ""):
            for story in self.life.stories:
                story.house.transport.fault = fails  # type: ignore[attr-defined]
            self.life.tick(max(at, self.life.now))

    @rule(kind=st.sampled_from(["ticks", "approvals", "confirmations", "mixed"]), person=PEOPLE)
    def several_act_at_once(self, kind: str, person: str) -> None:
        at = self.life.stories[0].next_instant()
        if at is not None and at - self.life.now < timedelta(days=3):
            self.life.now = max(at, self.life.now)
        approve, confirm = (
            tried(partial(approved, by="role:approver#1")),
            tried(partial(confirmed, by=APPROVER, mark="")),
        )
        if kind == "mixed" and len(self.life.stories) == 1:
            # Which of them comes first is open, so that two houses need not agree.
            answers = self.life.everybody("")
            self.life.race(ticking, tried(lambda story: story.take(answers)), approve, confirm)
            return
        act = {"approvals": approve, "confirmations": confirm}.get(kind, ticking)
        self.life.race(act, act)

    @rule()
    def a_worker_wakes_up_late(self) -> None:
        """Its lease has run out, another has done its work: whatever it still writes changes nothing."""
        at = self.life.stories[0].next_instant()
        if at is not None:
            self.life.now = max(at, self.life.now)
        claims: dict[int, Any] = {}

        def fall_asleep(story: Story) -> None:
            claims[id(story)] = claimed(story)
            ticking(story)

        self.life.do(fall_asleep)
        self.life.unchanged(lambda story: write_late(story, *claims[id(story)]))

    # --- people ---------------------------------------------------------------------------------------------------

    @rule(person=PEOPLE)
    def everybody_does_what_they_were_asked(self, person: str) -> None:
        if self.life.matches("proposed"):
            self.life.do(tried(partial(approved, by="role:approver#1")))
        answers = self.life.everybody(leave_out=person)
        self.life.do(lambda story: [each.reason for each in story.take(answers)])

    @rule(form=st.sampled_from(sorted(FORMS)), person=PEOPLE, number=NUMBERS, valid=st.booleans())
    def somebody_answers(self, form: str, person: str, number: int, valid: bool) -> None:
        replies = self.life.replies(form, person, number, valid)
        before = self.life.one
        refused = self.life.do(lambda story: [each.reason for each in story.take(replies)])
        if refused:
            assert before.rows == self.life.one.rows, "a refused answer has changed something"
        assert valid or refused

    @rule(by=st.sampled_from(["role:approver#1", "role:approver#1", "role:approver#9", "role:sponsor"]))
    def somebody_approves(self, by: str) -> None:
        first = self.life.do(tried(partial(approved, by=by)))
        again = self.life.unchanged(tried(partial(approved, by=by)))
        assert again in (0, first)
        assert by == "role:approver#1" or str(first).startswith("refused")

    @rule(by=st.sampled_from([APPROVER, APPROVER, STRANGER]), mark=st.sampled_from(["", "", "the other one"]))
    def somebody_confirms(self, by: str, mark: str) -> None:
        life, shown, held = self.life, self.life.waiting(), self.life.one
        outcome = str(life.do(tried(partial(confirmed, by=by, mark=mark))))
        told = [row for row in life.one.rows["events"] if row not in held.rows["events"]]
        if outcome == "applied":
            assert by == APPROVER and shown and not mark
            assert life.cohort()["line"] == shown["line"] and life.waiting() is None
            assert {row["actor"] for row in told} == {"role:approver#1"}
            return
        assert mine(held) == mine(life.one)
        if outcome not in ("refused", "shown_anew"):
            assert held.rows == life.one.rows
        assert by == APPROVER or outcome.startswith("refused: ")

    @rule()
    def the_owner_holds_the_cohort_or_lets_it_go(self) -> None:
        row = self.life.cohort()
        if row["state"] == "held":
            self.life.do(lambda story: resumed(story))
        elif row["state"] != "closed":
            self.life.do(lambda story: held_by_hand(story))

    @rule(person=PEOPLE)
    def an_address_is_barred(self, person: str) -> None:
        self.life.do(bar(person))

    # --- files ----------------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(FILES), person=PEOPLE, back=st.sampled_from([0, 0, 0, 1, 9]))
    def a_roster_is_dropped(self, kind: str, person: str, back: int) -> None:
        self.life.drop_roster(kind, person, self.life.now - timedelta(days=back))
        self.life.unchanged(ticking, ("people", "intakes", "quarantine"))

    @rule(person=PEOPLE, status=st.sampled_from(["Active", "Leave", "Terminated", "not in the file"]))
    def somebody_changes(self, person: str, status: str) -> None:
        self.life.roster.absent.discard(person)
        if status == "not in the file":
            self.life.roster.absent.add(person)
        else:
            self.life.roster.status[person] = status
        self.life.drop_roster("whole", person, self.life.now)

    @rule(name=st.sampled_from(SENSIBLE), number=NUMBERS, says_yes=st.booleans())
    def the_line_is_edited(self, name: str, number: int, says_yes: bool) -> None:
        """As a coordinator would; what waits may be confirmed at once, and what is refused is put back."""
        life, was = self.life, dict(self.life.file.line)
        outcome = self.edited(name, number)
        if outcome == "waits" and says_yes:
            self.somebody_confirms(APPROVER, "")
        elif outcome == "refused":
            life.file.line = was
            life.save()
            life.tick()

    @rule(name=st.sampled_from(sorted(EDITABLE)), number=NUMBERS)
    def the_line_is_edited_and_left_so(self, name: str, number: int) -> None:
        """Whatever becomes of it, it stays in the file."""
        self.edited(name, number)

    def edited(self, name: str, number: int) -> str:
        """Edit the cohort's line; `plan` foretells what becomes of it, the table of invariants allows it."""
        life = self.life
        if life.file.broken:
            self.the_file_is_broken_or_mended("")
        life.settle()
        before, was = life.one, life.in_force()
        others = [value for value in EDITABLE[name] if value != life.file.line[name]]
        life.file.line[name] = others[number % len(others)]
        life.save()
        expected = self.predicted()
        begun = life.has_begun() and life.cohort()["state"] in ("running", "held")
        possible = fates(before, was, life.file.line, life.now) if begun else {expected}
        life.tick()
        if not begun or expected == "faulty":
            return "follows" if expected != "faulty" else expected
        outcome = fate_of(life)
        assert outcome == expected, f"plan foretold {expected}, and the tick made it {outcome}"
        assert outcome in possible or was == life.file.line, f"{name}: {outcome}, where the table says {possible}"
        if outcome != "applied":
            assert life.in_force() == was
            assert mine(before) == mine(life.one)
        if outcome == "refused":
            told = str(life.cohort()["refused_line"])
            assert re.search(r"program_configs/small-circle\.yaml:[89]:", told), f"no line is named: {told}"
        return outcome

    def predicted(self) -> str:
        """What `plan` says will become of the file, without writing a row."""
        life, story = self.life, self.life.stories[0]
        try:
            texts = read_config(life.home / "program_configs" / "small-circle.yaml")
            key = life.file.line["key"]
            cohort = read_cohort(texts, "small-circle", key)
        except ProgramError:
            return "faulty"
        if key != life.cohort()["key"]:
            found = without_line("small-circle", [key], texts, story.house.settings).get(COHORT)
        else:
            found = difference_of(cohort, texts, story.house.settings, life.now)
        return FATE[found.verdict] if found else "applied"

    @rule(body=st.sampled_from(sorted(BODIES)), has_neighbour=st.booleans())
    def the_program_is_edited(self, body: str, has_neighbour: bool) -> None:
        self.life.settle()
        self.life.file.body, self.life.file.has_neighbour = body, has_neighbour
        self.life.save()
        self._files_change_nothing_of_mine()

    @rule(how=st.sampled_from(["", "", *sorted(BREAKS)]))
    def the_file_is_broken_or_mended(self, how: str) -> None:
        self.life.settle()
        self.life.file.broken = how
        self.life.save()
        self._files_change_nothing_of_mine() if how else self.life.tick()

    @rule(cut=st.integers(1, 20))
    def the_file_is_half_written_for_a_moment(self, cut: int) -> None:
        self.life.settle()
        path = self.life.home / "program_configs" / "small-circle.yaml"
        whole = path.read_text(encoding="utf-8")
        path.write_text(whole[: len(whole) * cut // 21], encoding="utf-8")
        self._files_change_nothing_of_mine()
        path.write_text(whole, encoding="utf-8")
        self._files_change_nothing_of_mine()

    def _files_change_nothing_of_mine(self) -> None:
        """A cohort that has begun is not touched by what does not stand in its line."""
        tables = MINE if self.life.has_begun() else ("answers", "matches")
        before, line = self.life.one, self.life.cohort()["line"]
        self.life.tick()
        assert mine(before, tables) == mine(self.life.one, tables)
        assert not self.life.has_begun() or self.life.cohort()["line"] == line

    @rule(
        name=st.sampled_from(["recruit/reminder.en.md", "check_in/pulse.en.md"]),
        how=st.sampled_from(["", "say", "break"]),
    )
    def a_text_is_edited(self, name: str, how: str) -> None:
        changes = {"say": "\nWe look forward to it.\n", "break": "\n{{ nobody.knows }} {% if %}\n"}
        self.life.text(name, (lambda text: text + changes[how]) if how else None)
        self.life.tick()

    # --- only looking ---------------------------------------------------------------------------------------------

    @rule(command=st.sampled_from(COMMANDS))
    def somebody_only_looks(self, command: tuple[str, ...]) -> None:
        self.life.show_clock()
        files = self.files()
        letters = [len(story.sent) for story in self.life.stories]
        self.life.unchanged(lambda story: looked(story, command))
        assert self.files() == files
        assert [len(story.sent) for story in self.life.stories] == letters

    def files(self) -> set[Path]:
        """Every file of the house, but for those that SQLite keeps beside its own."""
        return {path for path in self.life.home.rglob("*") if path.is_file() and "db-" not in path.suffix}
