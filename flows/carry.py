"""Do once: claim what is ready, read, decide, and record results, mails and `done` in one transaction.

Every stage flow runs through `carry`. Whatever happens between the claim and the record, running again is harmless:
nothing was written, and once it was written nothing is ready any more.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import pandas as pd

from cohortflow.engine import task, tell
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.event_edits import as_attached, calendar_mails
from cohortflow.programs.occasions import event_of
from cohortflow.store import frames, occasions, people
from cohortflow.store.decisions import record_decision
from cohortflow.store.frames import Standing
from cohortflow.store.occasions import Claim
from cohortflow.store.record import Overtaken
from flows.house import House, current_house
from schemas.changes import Changes
from schemas.errors import CohortflowError
from schemas.occasions import Occasion
from schemas.phrases import Attach
from tasks.audiences import OUTSIDERS, audience, without_paused, without_undecided
from tasks.deadlines import deadline_now
from tasks.intents import Sending, as_timedelta, ask_of, mails_to_queue, outsiders

logger = logging.getLogger("cohortflow.flows")

TRIES = 8
# A reminder that was due half a day before its stage could begin would arrive together with what it reminds of.
HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True)
class Turn:
    """One ready occasion in our hands, and its cohort as it stands."""

    house: House
    claim: Claim
    standing: Standing
    now: datetime

    @property
    def cohort(self) -> Cohort:
        """The configuration the cohort runs on."""
        return self.standing.cohort

    @property
    def action(self) -> str:
        """What this occasion does."""
        return self.claim.action

    @cached_property
    def people(self) -> pd.DataFrame:
        """The roster rows of everybody who takes part, and of their managers."""
        return self._with_managers(self.standing.participants["person_id"])

    @cached_property
    def concerned(self) -> pd.DataFrame:
        """The same of those a mail can go to: of the two of a match alone, where the mail is about one."""
        matches = self.standing.matches
        pair = matches[matches["match_id"] == self.claim.about]
        return self._with_managers({*pair["mentee_id"], *pair["mentor_id"]}) if len(pair) else self.people

    def _with_managers(self, ids: Iterable[str]) -> pd.DataFrame:
        with self.house.database.read() as db:
            known = people.roster(db, ids)
            managers = set(known["manager_id"]) - set(known["person_id"]) - {""}
            return pd.concat([known, people.roster(db, managers)], ignore_index=True) if managers else known

    @cached_property
    def roster(self) -> pd.DataFrame:
        """The whole roster."""
        with self.house.database.read() as db:
            return people.roster(db)


@task(retries=2)
def claim_ready(cohort_id: str, stage: str, now: datetime) -> Turn | None:
    """Take the next ready occasion of a stage; None when there is none left, or another worker has it."""
    house = current_house()
    with house.database.write() as db:
        claim = occasions.claim_next(
            db, cohort_id, stage, now, owner=house.worker, lease_seconds=house.settings.lease_seconds
        )
    return read_turn(house, claim, now) if claim else None


def read_turn(house: House, claim: Claim, now: datetime) -> Turn:
    """The cohort of a claim as it stands this moment."""
    return Turn(house, claim, frames.read_standing(house.database, claim.cohort_id), now)


@task
def record_turn(turn: Turn, changes: Changes) -> bool:
    """Write everything that was decided, or nothing; False when somebody else changed the cohort meanwhile."""
    claim = turn.claim
    try:
        record_decision(turn.standing, changes, now=turn.now, actor="cohortflow", claim=claim)
    except Overtaken:
        return False
    tell(
        f"occasion.{'skipped' if changes.skipped_because else 'done'}",
        claim.cohort_id,
        occasion=claim.key,
        mails=len(changes.intents),
    )
    return True


def carry(cohort_id: str, stage: str, now: datetime, decide: Callable[[Turn], Changes]) -> int:
    """Do everything of a stage that is ready now, one occasion after the other.

    Returns:
        How many occasions were done or skipped.
    """
    done = 0
    while turn := claim_ready(cohort_id, stage, now):
        try:
            done += _decide_and_record(turn, decide)
        except Exception as error:
            give_back(turn.claim, now, error)
            raise
    return done


def _decide_and_record(turn: Turn, decide: Callable[[Turn], Changes]) -> bool:
    """Whether it was recorded; False when the lease ran out and another worker has taken the occasion over."""
    for _ in range(TRIES):
        if record_turn(turn, decide(turn)):
            return True
        if not _is_ours(turn):
            logger.info("%s %s: another worker has taken it over", turn.claim.cohort_id, turn.claim.key)
            return False
        # Somebody answered while we decided: look again, decide again.
        turn = read_turn(turn.house, turn.claim, turn.now)
    raise CohortflowError(
        f"{turn.claim.cohort_id} {turn.claim.key}: the cohort kept changing; the next tick tries again"
    )


def _is_ours(turn: Turn) -> bool:
    with turn.house.database.read() as db:
        return occasions.is_held(db, turn.claim)


def give_back(claim: Claim, now: datetime, error: Exception) -> None:
    """Let a later tick try again. Only our own errors are told in full: others may quote somebody's data."""
    told = str(error) if isinstance(error, CohortflowError) else type(error).__name__
    house = current_house()
    try:
        with house.database.write() as db:
            occasions.fail(db, claim, now=now, error=told)
    except Exception as second:
        # The database may be what failed; the lease then runs out by itself.
        logger.warning("%s %s: could not be given back (%s)", claim.cohort_id, claim.key, type(second).__name__)


def mails_of(turn: Turn) -> Changes:
    """The mails of an occasion that does nothing but send; skipped, with the reason, when that would not help."""
    changes = Changes()
    if reason := reason_not_to_send(turn):
        changes.skipped_because = reason
        return changes
    sending = sending_of(turn)
    cohort, standing, claim = turn.cohort, turn.standing, turn.claim
    ask = ask_of(cohort, claim.stage, sending.template, sending.n, claim.about)
    if sending.to in OUTSIDERS:
        readers = outsiders(sending.to, cohort)
    else:
        matches = _matches_asked(turn)
        readers = audience(
            sending.to, ask, standing.participants, matches, standing.answers, turn.concerned, claim.about
        )
    if readers.empty:
        changes.skipped_because = "nobody to write to"
        return changes
    deadline_on = deadline_now(cohort, claim.stage, sending, standing.matches, turn.now)
    changes.intents = mails_to_queue(
        sending, readers, turn.concerned, cohort, ask, deadline_on, turn.house.wording(), turn.now
    )
    return changes


def _matches_asked(turn: Turn) -> pd.DataFrame:
    """The matches whose people a mail may go to: of those that have paused or still wait for a yes, not every mail."""
    claim, program, matches = turn.claim, turn.cohort.program, turn.standing.matches
    asks_a_match = claim.stage == "check_in" or claim.key.startswith("goals.")
    if asks_a_match and program.people.when_someone_is_on_leave == "pause":
        matches = without_paused(matches, turn.concerned)  # as the mail about the pause promises
    accept = program.stages.match.accept
    if (asks_a_match or claim.stage == "evaluate") and accept and accept.if_silent == "remind_then_hold":
        matches = without_undecided(matches)
    return matches


def reason_not_to_send(turn: Turn) -> str | None:
    """Why a mail that is ready should not go after all, in words for the coordinator."""
    claim, limit = turn.claim, as_timedelta(turn.cohort.program.email.too_late_after)
    if claim.ends_at is not None and turn.now >= claim.ends_at:
        return "what it asks for has closed"
    if turn.now > claim.ready_at + limit:
        return f"more than {turn.cohort.program.email.too_late_after} late"
    is_reminder = claim.details.get("to") == "no_response"
    if is_reminder and claim.ready_at > claim.due_at + HALF_A_DAY:
        return "a reminder of what was asked later than the reminder was due"
    return None


def sending_of(turn: Turn) -> Sending:
    """What the stored occasion says about its mail."""
    claim, details = turn.claim, turn.claim.details
    by_site = {site: datetime.fromisoformat(at) for site, at in details["by_site"].items()}
    stage = turn.house.folder_of(turn.cohort.program_id, claim.stage, details["send"])
    return Sending(
        occasion=claim.key,
        stage=stage,
        template=details["send"],
        to=details["to"],
        about=claim.about,
        due_at=claim.due_at,
        due_by_site=by_site,
        ends_at=claim.ends_at,
        n=details["n"],
        attach=_attachment_of(turn),
    )


def _attachment_of(turn: Turn) -> dict[str, object] | None:
    """What goes with the mail, as stored with each message: the kind and, for an invitation, its two instants."""
    claim, text = turn.claim, turn.claim.details["attach"]
    if not text:
        return None
    # The day may have been edited since an occasion of one late match was stored.
    declared = calendar_mails(turn.cohort).get(claim.key) if text.startswith("calendar ") else None
    attach = (declared and declared.attach) or Attach.read(text)
    stand_in = Occasion(
        claim.key, claim.stage, claim.action, claim.due_on, claim.due_at, attach=attach, n=claim.details["n"]
    )
    event = event_of(turn.cohort, stand_in)
    return {"kind": attach.kind} | (as_attached(event, turn.cohort) if event else {})
