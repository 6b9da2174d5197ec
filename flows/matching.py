"""Match: propose the best pairs, wait for the approver's yes, and see whether the two say yes as well."""

from dataclasses import replace
from datetime import datetime

import pandas as pd

from cohortflow.engine import flow
from cohortflow.programs.calendars import first_allowed, reader_calendar
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.later import reason_to_hold
from cohortflow.programs.occasions import dated_occasions
from cohortflow.programs.spans import deadline
from cohortflow.programs.waiting import after_approval, approval_of_rematch, late_match
from cohortflow.store import frames
from flows.carry import Turn, carry, mails_of
from schemas.altering import altered
from schemas.changes import LIVE_MATCH, Changes, Intent, NewMatch
from schemas.errors import CohortflowError
from schemas.matching import MatchSetting
from schemas.occasions import OWN_ZONE, Occasion
from schemas.rows import each_row
from tasks.applicants import applicants_of, exclusions_of
from tasks.intents import Sending, mails_to_queue, told_at_once
from tasks.matches import approve_proposals, decide_on_silence
from tasks.matching import propose_pairs, propose_replacement, shortfall


@flow("match", run_name="{cohort_id} · {moment}")
def match(cohort_id: str, moment: str, now: datetime) -> int:
    """Carry a cohort through its matching as far as it is ready."""
    return carry(cohort_id, "match", now, decide)


def decide(turn: Turn) -> Changes:
    """What one ready occasion of the matching asks for."""
    match turn.action:
        case "propose":
            return propose_matches(turn)
        case "decide" | "proceed":
            return approve_without_asking(turn)
        case "accept_closes":
            return decide_on_silence(
                turn.cohort,
                turn.standing.matches,
                turn.people,
                turn.claim.about,
                turn.now,
                turn.house.wording(),
                _dated_alone(turn),
            )
        case "rematch":
            return propose_rematch(turn)
        case _:
            return mails_unless_approved(turn)


def _dated_alone(turn: Turn) -> frozenset[str]:
    """The matches that have a time of their own to be accepted in."""
    return frozenset(about for key, about in turn.standing.occasions if key == "match.accept_closes" and about != "-")


def propose_matches(turn: Turn) -> Changes:
    """The best pairs there are, each with its reasons; told with the arithmetic when there are not seats enough."""
    if reason := reason_to_hold(turn.cohort.program):
        raise CohortflowError(f"{turn.cohort.id}: {reason}")
    changes = Changes()
    applicants = _applicants(turn, changes, ("applied",))
    if told := shortfall(applicants):
        changes.intents += _tell(turn, "match_shortfall", "owner")
        changes.note("match.shortfall", turn.claim.key, arithmetic=told)
    pairs, unmatched = propose_pairs(applicants, _staff(turn), turn.cohort.program.matching, _setting(turn))
    for pair in each_row(pairs):
        changes.new_matches.append(NewMatch(pair.mentee_id, pair.mentor_id, int(pair.score), tuple(pair.reasons)))
    for row in each_row(unmatched):
        changes.participants[row.person_id] = {"state": "waitlisted", "reason": row.reason}
    for person_id in _applied_and_away(turn, applicants):
        changes.participants[person_id] = {"state": "waitlisted", "reason": "on leave when the pairs were made"}
    changes.note("match.proposed", turn.claim.key, pairs=len(pairs), unmatched=len(unmatched))
    if pairs.empty and turn.cohort.program.stages.match.approve:  # nothing to say yes to; who waits is to hear of it
        changes.close_occasions[("match.approval", "-")] = "done"
        changes.occasions += after_approval(turn.cohort, turn.now)
        changes.note("match.approved", "match.approval", pairs=0, by="nobody was asked")
    return changes


def _applied_and_away(turn: Turn, applicants: pd.DataFrame) -> list[str]:
    """Those who applied and are not at work; they wait for a partner like anybody who was left."""
    part = turn.standing.participants
    return sorted(set(part.loc[part["state"] == "applied", "person_id"]) - set(applicants["person_id"]))


def approve_without_asking(turn: Turn) -> Changes:
    """The program asks nobody, or takes silence for a yes."""
    if turn.action == "proceed" and _is_decided(turn):
        return Changes(skipped_because="somebody has decided already")
    by = "not_needed" if turn.action == "decide" else "if_silent: proceed"
    changes = approval_of(turn.cohort, turn.standing, turn.now, by)
    if turn.action == "proceed" and turn.claim.about == "-":
        changes.close_occasions[("match.approval", "-")] = "done"
    return changes


def approval_of(cohort: Cohort, standing: frames.Standing, now: datetime, by: str) -> Changes:
    """Approve every proposed match: the first time for the whole cohort, later for each match by itself."""
    changes = approve_proposals(standing.matches, now, by)
    first = standing.occasions.get(("match.approval", "-"), "pending") == "pending"
    begun = {key for (key, about), state in standing.occasions.items() if about == "-" and state in ("done", "skipped")}
    if first:
        changes.occasions += after_approval(cohort, now)
        begun = _closed_meanwhile(cohort, now)
    for match_id, columns in changes.matches.items():
        changes.occasions += _late_occasions(cohort, now, match_id, begun, announced=first)
        if not first and "orient.closes" in begun and not _waits_for_a_yes(cohort):
            columns |= {"state": "active", "active_at": now}
    return changes


def _waits_for_a_yes(cohort: Cohort) -> bool:
    accept = cohort.program.stages.match.accept
    return accept is not None and accept.if_silent in ("remind_then_hold", "remind_then_decline")


def _closed_meanwhile(cohort: Cohort, now: datetime) -> set[str]:
    """The mails of the orientation that are of no more use for the cohort, because it was approved after its start."""
    orient = [each for each in dated_occasions(cohort) if each.stage == "orient" and each.kind == "mail"]
    return {each.key for each in orient if each.ends_at is not None and each.ends_at <= now}


def _late_occasions(cohort: Cohort, now: datetime, match_id: str, begun: set[str], announced: bool) -> list[Occasion]:
    """What a match made late gets for itself; what the cohort has not had yet, it will have with the cohort."""
    mine = [each for each in late_match(cohort, now) if each.key in begun or (each.stage == "match" and not announced)]
    if not announced:
        mine += [each for each in after_approval(cohort, now, match_id) if each.action in ("remind", "accept_closes")]
    return [altered(each, about=match_id) for each in mine]


def mails_unless_approved(turn: Turn) -> Changes:
    """A mail about a decision is of no use once the decision is made."""
    is_nudge = turn.claim.details.get("send") in ("approval_request", "approval_reminder", "approval_overdue")
    if is_nudge and _is_decided(turn):
        return Changes(skipped_because="approved already")
    if turn.claim.details.get("send") == "approval_reminder" and _comes_with_the_request(turn):
        return Changes(skipped_because="it would come together with the request")
    return mails_of(turn)


def _is_decided(turn: Turn) -> bool:
    """Whether nothing waits for approval any more: of the whole cohort, or of what replaces the match it is about."""
    if turn.claim.about == "-":
        return turn.standing.occasions.get(("match.approval", "-")) == "done"
    matches = turn.standing.matches
    return not ((matches["replaces"] == turn.claim.about) & (matches["state"] == "proposed")).any()


def _comes_with_the_request(turn: Turn) -> bool:
    """Whether the matches were proposed so late that the reminder's day is the one on which approvers are asked."""
    own = reader_calendar(turn.cohort, None)
    was_let_go = turn.claim.ready_at > turn.claim.due_at
    due = datetime.fromisoformat(turn.claim.details["by_site"][OWN_ZONE])
    return was_let_go and first_allowed(own, turn.claim.ready_at) >= due


def propose_rematch(turn: Turn) -> Changes:
    """Find whoever lost a partner another one, among those with room; nobody is promised anything before a yes."""
    if turn.now >= _last_check_in(turn):
        return Changes(skipped_because="too close to the end for another match")
    changes = Changes()
    applicants = _with_a_seat(turn, _applicants(turn, changes, ("waitlisted", "matched"), only_free=True))
    matches = turn.standing.matches
    ended = matches[matches["state"].isin(("ended", "declined"))]
    apart = frozenset(zip(ended["mentee_id"], ended["mentor_id"], strict=True))
    rules = turn.cohort.program.matching
    pairs, _ = propose_replacement(applicants, _staff(turn), rules, replace(_setting(turn), apart=apart))
    number = 1 + int(matches["round"].max()) if len(matches) else 1
    for pair in each_row(pairs):
        new = NewMatch(pair.mentee_id, pair.mentor_id, int(pair.score), tuple(pair.reasons), number, turn.claim.about)
        changes.new_matches.append(new)
    changes.note("match.rematch_proposed", turn.claim.key, turn.claim.about, pairs=len(pairs))
    if changes.new_matches:
        _ask_for_approval(turn, changes)
    changes.intents += _tell_who_waits(turn, applicants, {new.mentee_id for new in changes.new_matches})
    return changes


def _with_a_seat(turn: Turn, applicants: pd.DataFrame) -> pd.DataFrame:
    """The mentors, and no more mentees than seats are free: first those who had one, then in the order of waiting."""
    matches, part = turn.standing.matches, turn.standing.participants
    free = max(0, turn.cohort.seats - int(matches["state"].isin(LIVE_MATCH).sum()))
    mentees = applicants.loc[applicants["role"] == "mentee", "person_id"]
    had_one, place = set(matches["mentee_id"]), dict(zip(part["person_id"], part["place"], strict=True))
    in_turn = sorted(mentees, key=lambda person_id: (person_id not in had_one, place[person_id], person_id))
    return applicants[~applicants["person_id"].isin(in_turn[free:])].reset_index(drop=True)


def _tell_who_waits(turn: Turn, applicants: pd.DataFrame, found: set[str]) -> list[Intent]:
    """Tell the one who lost a partner, and was not found another, that the search goes on (who waited before knows)."""
    ended = turn.standing.matches[turn.standing.matches["match_id"] == turn.claim.about]
    ended = ended[ended["approved_at"].notna()]  # of the others nobody has heard
    lonely = applicants[
        (applicants["role"] == "mentee") & applicants["person_id"].isin(set(ended["mentee_id"]) - found)
    ]
    rows = [[person_id, "mentee", (), ("-",)] for person_id in lonely["person_id"]]
    readers = pd.DataFrame(rows, columns=["person_id", "role", "match_ids", "abouts"])
    claim, wording = turn.claim, turn.house.wording()
    sending = Sending(claim.key, "match", "waitlist", "unmatched", claim.about, turn.now, {}, None)
    return mails_to_queue(sending, readers, turn.people, turn.cohort, None, None, wording, turn.now)


def _ask_for_approval(turn: Turn, changes: Changes) -> None:
    approve, claim = turn.cohort.program.stages.match.approve, turn.claim
    if approve is None:
        day = turn.now.date()
        changes.occasions.append(Occasion("match.approval", "match", "decide", day, turn.now, about=claim.about))
        return
    last_day, _ = deadline(turn.now, approve.within, reader_calendar(turn.cohort, None))
    asked = _tell(turn, "rematch_approval_request", approve.by)
    changes.intents += [altered(each, deadline_on=last_day) for each in asked]
    changes.occasions += approval_of_rematch(turn.cohort, turn.now, claim.about)


def _last_check_in(turn: Turn) -> datetime:
    return max(
        o.due_at for o in dated_occasions(turn.cohort) if o.stage in ("orient", "check_in") and o.action != "send"
    )


def _applicants(turn: Turn, changes: Changes, states: tuple[str, ...], only_free: bool = False) -> pd.DataFrame:
    with turn.house.database.read() as db:
        changes.elsewhere = elsewhere = frames.mentor_load_elsewhere(db, turn.cohort.id)
    live = turn.standing.matches[turn.standing.matches["state"].isin(LIVE_MATCH)]
    part = turn.standing.participants
    part = part[part["state"].isin(states)]
    return applicants_of(part, turn.people, turn.standing.answers, live, elsewhere, turn.cohort, only_free)


def _staff(turn: Turn) -> pd.DataFrame:
    return turn.roster[["person_id", "manager_id"]]


def _setting(turn: Turn) -> MatchSetting:
    program = turn.cohort.program
    with turn.house.database.read() as db:
        earlier = frames.earlier_matches(db)
    return MatchSetting(
        on=turn.cohort.starts,
        levels=program.people.levels,
        earlier=earlier,
        files=exclusions_of(turn.cohort),
        min_per_mentor=program.min_mentees_per_mentor,
        sensitive=frozenset(program.people.sensitive),
    )


def _tell(turn: Turn, template: str, to: str) -> list[Intent]:
    claim = turn.claim
    return told_at_once(turn.cohort, template, to, claim.key, turn.now, turn.house.wording(), claim.about)
