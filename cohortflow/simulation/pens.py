"""How a robot fills in a form: what it knows, else a plausible answer to any kind of question."""

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random

from schemas.forms import Form, Question

ABOUT_ME = (
    "Happy to share what worked, and what did not.",
    "I lead a small team for the first time and would like to talk it through with someone.",
    "I like concrete examples and honest feedback.",
    "Coffee first, agenda second.",
    "New to the site, keen to know people outside my department.",
)
HOPES = (
    "To be ready for my first team.",
    "To say no more often, and well.",
    "To see how decisions are made two levels up.",
    "A sparring partner outside my own line.",
)
GOALS = (
    "Lead one project with people from two departments by June.",
    "Hold a talk in front of the whole site.",
    "Give each of my colleagues written feedback once a month.",
    "Prepare and run the planning of the next quarter.",
    "Find out whether I want to lead people, and say so by summer.",
)
REMARKS = (
    "Good talk about delegating.",
    "We moved the meeting twice, then it was worth it.",
    "The agenda helped.",
    "More time would be good.",
)
COMMENTS = (
    "I would do it again.",
    "The first two meetings were the hardest.",
    "A shorter form, please.",
    "We go on meeting without the program.",
)
TEXTS = {
    "about_me": (ABOUT_ME, 0.55),
    "hope": (HOPES, 0.7),
    "anything": (REMARKS, 0.25),
    "comment": (COMMENTS, 0.4),
    "note": (("",), 0.0),
}


def fill_in(form: Form, role: str, luck: Random, known: Mapping[str, object]) -> dict[str, object]:
    """An answer to each question put to this role; what is optional is left out now and then."""
    answers: dict[str, object] = {}
    for key, question in form.questions.items():
        if not question.concerns("mentor" if role == "mentor" else "mentee"):
            continue
        answer = known[key] if key in known else _plausible(key, question, luck)
        if answer is not None and answer != "":
            answers[key] = answer
    return answers


def _plausible(key: str, question: Question, luck: Random) -> object:
    if question.type == "yes_no":
        return luck.random() < 0.92
    if question.type == "choice":
        return question.of[int(luck.random() * len(question.of))] if question.of else None
    if question.type == "choices":
        return _some(question, luck)
    if question.type in ("scale", "number"):
        return _number(key, question, luck)
    if question.type == "date":
        return (date(2027, 1, 4) + timedelta(days=int(luck.random() * 200))).isoformat() if question.required else None
    return _text(key, question, luck)


def _some(question: Question, luck: Random) -> list[str]:
    """A few of the choices, in their own order, never more than allowed; what stands first is wanted most."""
    most = min(len(question.of), question.at_most or 6)
    count = min(most, 3 + int(luck.random() * 3))
    keen = {choice: luck.random() ** (1 + place / 8) for place, choice in enumerate(question.of)}
    chosen = sorted(question.of, key=lambda choice: -keen[choice])[:count]
    return [choice for choice in question.of if choice in chosen]


def _number(key: str, question: Question, luck: Random) -> int:
    if key == "capacity":
        return 1 if luck.random() < 0.55 else min(2, question.high or 2)
    lowest, highest = question.low or 0, 5 if question.high is None else question.high
    return lowest + int(luck.random() * (highest - lowest + 1))


def _text(key: str, question: Question, luck: Random) -> str:
    if key.startswith("goal_"):
        return GOALS[int(luck.random() * len(GOALS))] if question.required or luck.random() < 0.6 else ""
    phrases, share = TEXTS.get(key, (("As agreed.",), 0.3))
    written = luck.random() < share or question.required
    return phrases[int(luck.random() * len(phrases))] if written else ""
