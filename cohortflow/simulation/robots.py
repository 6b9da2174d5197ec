"""People played by seeded robots, who answer at once, late, with no, or never; the order of calls changes nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from cohortflow.simulation.pens import fill_in
from schemas.forms import Form

# What becomes of an invitation, by role: the share that applies, however late.
APPLY = {"mentor": 0.57, "mentee": 0.62}
# Of those who apply: at once, after the first reminder, after the second, after the close.
APPLY_AFTER = (0.60, 0.21, 0.15, 0.04)
ACCEPT_A_MATCH, DECLINE_A_MATCH = 0.88, 0.04
SIGN_AGREEMENT, FILL_IN_SURVEY_BEFORE = 0.93, 0.84
REPORT_FIRST_MEETING = 0.86
ANSWER_FIRST_PULSE, FATIGUE_PER_PULSE = 0.83, 0.025
ANSWER_PULSE_WHEN_QUIET = 0.38
ANSWER_FINAL_SURVEY = 0.80
SET_GOALS = 0.78
GO_QUIET = 0.14
ASK_FOR_REMATCH = 0.05
# Mails that ask once for each pair their reader is in.
ASK_PER_PAIR = {
    "meet_your_match",
    "accept_reminder",
    "first_meeting",
    "pulse",
    "pulse_reminder",
    "goals",
    "goals_reminder",
}
# Most answer on the day they read it, the rest over the days after it.
DAYS_TAKEN = (0.46, 0.25, 0.13, 0.08, 0.05, 0.03)


@dataclass(frozen=True)
class MailSeen:
    """One mail as a robot gets it; `n` is the check-in's number or 0, `at` is when it arrived (UTC)."""

    person_id: str
    role: str
    template: str
    cohort_id: str
    occasion: str
    about: str
    match_ids: tuple[str, ...]
    stage: str
    at: datetime
    n: int = 0


@dataclass(frozen=True)
class Reply:
    """What a robot submits, and when (UTC): a form, the occasion it belongs to, and the answers by question."""

    at: datetime
    person_id: str
    form: str
    occasion: str
    about: str
    answers: dict[str, object]


@dataclass(frozen=True)
class Mood:
    """How a pair gets on: `warmth` from 0 to 1, and the check-in from which it is quiet, if ever."""

    warmth: float
    quiet_from: int
    wants_out: str

    def is_quiet(self, n: int) -> bool:
        """Whether the pair no longer meets at check-in `n`."""
        return n >= self.quiet_from


@dataclass(frozen=True)
class Robots:
    """Everybody who gets mail, played from one seed.

    `forms` are the cohort's forms by name; `named` gives the name of a form where a program calls it otherwise
    (keys: apply, accept, agreement, before, first_meeting, pulse, after, goals, rematch).
    """

    seed: int
    forms: Mapping[str, Form]
    named: Mapping[str, str] | None = None

    def replies_to(self, mail: MailSeen) -> tuple[Reply, ...]:
        """What this person does with this mail: a mentor of two mentees answers for each pair, in one sitting."""
        pairs = mail.match_ids if mail.template in ASK_PER_PAIR else ()
        seen = [replace(mail, about=pair, match_ids=(pair,)) for pair in pairs] or [mail]
        return tuple(reply for reply in map(self.reply_to, seen) if reply)

    def reply_to(self, mail: MailSeen) -> Reply | None:
        """What this person does with what this mail asks about one thing: a reply some time later, or nothing."""
        behave = _BEHAVIOUR.get(mail.template)
        return behave(self, mail) if behave else None

    def mood(self, mail: MailSeen) -> Mood:
        """How the pair the mail is about gets on; with several mentees, the first of them stands for all."""
        luck = self._luck("mood", mail.cohort_id, _pairs(mail)[0])
        warmth = min(1.0, max(0.0, luck.gauss(0.72, 0.17)))
        quiet = 2 + int(luck.random() * 4) if luck.random() < GO_QUIET else 10_000
        who_asks = "mentee" if luck.random() < 0.75 else "mentor"
        unhappy = luck.random() < ASK_FOR_REMATCH
        return Mood(min(warmth, 0.4) if unhappy else warmth, quiet, who_asks if unhappy else "")

    def _luck(self, *facts: str) -> Random:
        # Seeded by what the decision is about and nothing else, so that neither order nor machine matters.
        return Random("|".join(("robots", str(self.seed), *facts)))

    def _decides(self, mail: MailSeen, what: str) -> float:
        """One draw per person and question, the same whichever mail brings the question."""
        about = mail.about if mail.about != "-" else ",".join(mail.match_ids)
        return self._luck(what, mail.cohort_id, mail.person_id, about).random()

    def _answer(
        self, mail: MailSeen, purpose: str, occasion: str, known: dict[str, object], **when: float
    ) -> Reply | None:
        name = (self.named or {}).get(purpose, purpose)
        form = self.forms.get(name)
        if form is None:
            return None
        sitting = self._luck("sitting", purpose, mail.cohort_id, mail.person_id, occasion)
        at = mail.at + _delay(sitting, mail.at, **when)
        luck = self._luck("answer", purpose, mail.cohort_id, mail.person_id, occasion, mail.about)
        return Reply(at, mail.person_id, name, occasion, mail.about, fill_in(form, mail.role, luck, known))

    def _apply(self, mail: MailSeen) -> Reply | None:
        applies = APPLY.get(mail.role, APPLY["mentee"])
        decided = self._decides(mail, "apply") / applies
        reminders = 0 if mail.template == "invite" else _ordinal(mail.occasion)
        after = sum(decided >= sum(APPLY_AFTER[: step + 1]) for step in range(len(APPLY_AFTER)))
        if decided >= 1 or min(after, 2) != reminders:
            return None
        agrees = self._decides(mail, "consent") < 0.985
        earliest, latest = (4, 8) if after == 3 else (0, 1) if reminders == 2 else (0, 6)
        known: dict[str, object] = {"consent": agrees}
        return self._answer(mail, "apply", "recruit", known, earliest=earliest, latest=latest)

    def _accept(self, mail: MailSeen) -> Reply | None:
        decided = self._decides(mail, "accept")
        if decided >= ACCEPT_A_MATCH + DECLINE_A_MATCH or not _is_my_turn(
            mail, self._decides(mail, "accept when"), 0.8
        ):
            return None
        accepts = decided < ACCEPT_A_MATCH
        note = "" if accepts else "My time is taken by another project this quarter."
        return self._answer(mail, "accept", "match.accept", {"accept": accepts, "note": note}, latest=2)

    def _orient(self, mail: MailSeen) -> Reply | None:
        """The welcome brings the agreement, the invitation the survey before; reminders what was put off."""
        signs, surveys = self._decides(mail, "agreement"), self._decides(mail, "before")
        put_off = {"agreement": signs >= 0.72, "before": surveys >= 0.6}
        doomed = {"agreement": signs >= SIGN_AGREEMENT, "before": surveys >= FILL_IN_SURVEY_BEFORE}
        late = [form for form in ("agreement", "before") if put_off[form] and not doomed[form]]
        now = [form for form in ("agreement", "before") if not put_off[form]]
        asks = {"welcome": "agreement", "orientation_invite": "before"}.get(mail.template)
        due = [form for form in now if form == asks] if asks else late[_ordinal(mail.occasion) - 1 :]
        if not due:
            return None
        known: dict[str, object] = {"agreed": True, "confidence": _scale(self._decides(mail, "confident"), 0.5)}
        return self._answer(mail, due[0], "orient", known, latest=3 if asks else 1)

    def _first_meeting(self, mail: MailSeen) -> Reply | None:
        if self._luck("first meeting", mail.cohort_id, mail.person_id).random() >= REPORT_FIRST_MEETING:
            return None
        met = self._meets(mail, "met first", 0.72 + 0.3 * self.mood(mail).warmth)
        days_ago = int(self._decides(mail, "met on") * 9)
        known: dict[str, object] = {"met": met}
        known["met_on"] = (mail.at - timedelta(days=days_ago)).date().isoformat() if met else None
        return self._answer(mail, "first_meeting", "check_in.first_meeting", known)

    def _pulse(self, mail: MailSeen) -> Reply | None:
        mood, occasion = self.mood(mail), mail.occasion.split(".")[0]
        if mood.wants_out == mail.role and mail.n == 1:
            return self._ask_for_rematch(mail, occasion)
        willing = ANSWER_PULSE_WHEN_QUIET if mood.is_quiet(mail.n) else ANSWER_FIRST_PULSE - FATIGUE_PER_PULSE * mail.n
        decided = self._luck("pulse", mail.cohort_id, mail.person_id, str(mail.n)).random()
        if decided >= willing or not _is_my_turn(mail, decided / willing, 0.7):
            return None
        return self._answer(mail, "pulse", occasion, self._experience(mail, mood), latest=2)

    def _experience(self, mail: MailSeen, mood: Mood) -> dict[str, object]:
        met = not mood.is_quiet(mail.n) and self._meets(mail, f"met {mail.n}", 0.7 + 0.35 * mood.warmth)
        meetings = 1 + int(self._decides(mail, f"meetings {mail.n}") * (1 + 1.6 * mood.warmth)) if met else 0
        warmth = mood.warmth if met else mood.warmth * 0.45
        useful = _scale(self._decides(mail, f"useful {mail.n}"), warmth)
        return {"met": met, "meetings": meetings, "useful": useful}

    def _meets(self, mail: MailSeen, when: str, likely: float) -> bool:
        # Drawn for the pair, so that both tell the same story of whether they met.
        return any(self._luck(when, mail.cohort_id, pair).random() < likely for pair in _pairs(mail))

    def _ask_for_rematch(self, mail: MailSeen, occasion: str) -> Reply | None:
        if "reminder" in mail.template:
            return None
        note = "Somebody who leads a team of the size I will have."
        reply = self._answer(mail, "rematch", occasion, {"note": note}, latest=4)
        return replace(reply, about=_pairs(mail)[0]) if reply else None

    def _after(self, mail: MailSeen) -> Reply | None:
        decided = self._decides(mail, "after") / ANSWER_FINAL_SURVEY
        put_off = sum(decided >= share for share in (0.6, 0.85))
        reminders = 0 if mail.template == "final_survey" else _ordinal(mail.occasion)
        if decided >= 1 or put_off != reminders:
            return None
        mood = self.mood(mail)
        warmth = mood.warmth * (0.55 if mood.quiet_from < 100 else 1)
        recommend = round(10 * min(1, max(0, 0.3 + 0.72 * warmth + 0.35 * (self._decides(mail, "recommend") - 0.4))))
        known: dict[str, object] = {
            "satisfaction": _scale(self._decides(mail, "satisfied"), warmth),
            "recommend": recommend,
        }
        known["goal_reached"] = _scale(self._decides(mail, "reached"), warmth * 0.92)
        return self._answer(mail, "after", "evaluate", known, latest=1 if reminders == 2 else 4)

    def _goals(self, mail: MailSeen) -> Reply | None:
        decided = self._luck("goals", mail.cohort_id, mail.person_id).random() / SET_GOALS
        if decided >= 1 or not _is_my_turn(mail, decided, 0.65):
            return None
        return self._answer(mail, "goals", "goals.ask", {}, latest=2 if "reminder" in mail.template else 5)


def _is_my_turn(mail: MailSeen, luck: float, promptly: float) -> bool:
    """Whether somebody who will answer does so on this mail: the prompt on the first, the others on its reminder."""
    return (luck >= promptly) == ("reminder" in mail.template) and _ordinal(mail.occasion.split(".")[-1]) == 1


def _pairs(mail: MailSeen) -> tuple[str, ...]:
    """The pairs a mail is about; somebody without a pair is one alone."""
    return mail.match_ids or (mail.about if mail.about != "-" else mail.person_id,)


def _ordinal(occasion: str) -> int:
    found = re.search(r"#(\d+)$", occasion)
    return int(found[1]) if found else 1


def _scale(luck: float, warmth: float) -> int:
    """An answer on a scale from 1 to 5: warmth, and a person's own leaning."""
    return min(5, max(1, round(1.3 + 3.5 * warmth + 1.8 * (luck - 0.45))))


def _delay(luck: Random, at: datetime, earliest: float = 0, latest: float = 5) -> timedelta:
    """Whole days and a few hours, so that whoever is written to in the morning answers by day; seldom at a weekend."""
    taken = luck.random()
    days = sum(taken >= sum(DAYS_TAKEN[: day + 1]) for day in range(len(DAYS_TAKEN) - 1))
    days = int(min(max(days, earliest + days % 3 if earliest else 0), latest))
    hours = timedelta(minutes=4 + min(int(luck.expovariate(1 / 130)), 480), seconds=int(luck.random() * 60))
    weekday = (at + timedelta(days=days)).weekday()
    if weekday >= 5 and luck.random() < 0.9 and days + 7 - weekday <= latest:
        days += 7 - weekday
    return timedelta(days=days) + hours


_BEHAVIOUR: dict[str, Callable[[Robots, MailSeen], Reply | None]] = {
    "invite": Robots._apply,
    "reminder": Robots._apply,
    "meet_your_match": Robots._accept,
    "accept_reminder": Robots._accept,
    "welcome": Robots._orient,
    "orientation_invite": Robots._orient,
    "orientation_reminder": Robots._orient,
    "first_meeting": Robots._first_meeting,
    "pulse": Robots._pulse,
    "pulse_reminder": Robots._pulse,
    "final_survey": Robots._after,
    "final_survey_reminder": Robots._after,
    "goals": Robots._goals,
    "goals_reminder": Robots._goals,
}
