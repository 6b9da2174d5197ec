"""The forms people fill in, and what becomes of an answer."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.phrases import Rule, Several, Unclear
from schemas.words import ID, Many, Name, Truth, whole

Role = Literal["mentor", "mentee"]
MOST_TEXT = 4000
_YES, _NO = frozenset({"yes", "true", "1", "y", "on"}), frozenset({"no", "false", "0", "n", "off"})
# Letters joined of several marks, tabs and line breaks belong to a text; nothing else that cannot be seen does.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")


class Question(Rule):
    """One question: how it is asked, of whom, and what may be answered."""

    ask: Name
    type: Literal["yes_no", "choice", "choices", "scale", "number", "text", "date"]
    of: Annotated[tuple[Name, ...], Many] = ()
    low: Annotated[int, whole(-1_000_000, 1_000_000)] | None = Field(None, alias="from")
    high: Annotated[int, whole(-1_000_000, 1_000_000)] | None = Field(None, alias="to")
    at_most: Annotated[int, whole(1, 1000)] | None = None
    role: Literal["mentors", "mentees"] | None = Field(None, alias="for")
    required: Truth = True

    def concerns(self, role: Role) -> bool:
        """Whether people in this role are asked."""
        return self.role is None or self.role == f"{role}s"


def _sound(question: Question) -> Question:
    choosing, counting = question.type in ("choice", "choices"), question.type in ("scale", "number")
    faults = []
    if choosing and len(question.of) < 2:
        faults.append(Unclear("offers nothing to choose from", "write of: [first, second, ...]"))
    if choosing and len(set(map(str.casefold, question.of))) < len(question.of):
        faults.append(Unclear("offers the same choice twice", "keep one of them", ("of",)))
    if not choosing and question.of:
        faults.append(Unclear("offers choices that its type does not take", "write type: choice or choices", ("of",)))
    if question.type == "scale" and (question.low is None or question.high is None):
        faults.append(Unclear("is a scale without ends", "write from: 1 and to: 5"))
    if question.low is not None and question.high is not None and question.high <= question.low:
        faults.append(Unclear("ends before it begins", f"write a number above {question.low}", ("to",)))
    if not counting and (question.low is not None or question.high is not None):
        faults.append(Unclear("has ends that its type does not take", "write type: scale or number", ("type",)))
    if question.at_most is not None and question.type != "choices":
        faults.append(
            Unclear("limits what can only be answered once", "write type: choices, or remove it", ("at_most",))
        )
    if faults:
        raise Several(faults)
    return question


def _keys(given: object) -> object:
    if not isinstance(given, dict):
        return given
    mend = "use only a to z, 0 to 9, _ and -, as in career_goal"
    faults = [
        Unclear("is not a key for a question", mend, (key,), of_key=True) for key in given if not ID.fullmatch(str(key))
    ]
    if not given:
        faults.append(Unclear("asks nothing", "write at least one question"))
    if faults:
        raise Several(faults)
    return given


Questions = Annotated[dict[str, Annotated[Question, AfterValidator(_sound)]], BeforeValidator(_keys)]


class Form(Rule):
    """A form: its title and its questions, in their order."""

    name: Name
    questions: Questions


def clean_answer(form: Form, role: Role, given: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """The answer in the types of its questions, and what is wrong with it.

    Returns:
        The cleaned values by question (what was left empty or is wrong is absent), and one sentence per fault,
        which names the question and never repeats what was written.
    """
    cleaned: dict[str, object] = {}
    faults: list[str] = []
    for key, question in form.questions.items():
        if not question.concerns(role):
            continue
        value = given.get(key)
        if _is_empty(value):
            if question.required:
                faults.append(f"{key}: is needed; please answer it")
            continue
        try:
            cleaned[key] = _CLEANERS[question.type](question, value)
        except Unclear as unclear:
            faults.append(f"{key}: {unclear}")
    unknown = sum(key not in form.questions for key in given)
    if unknown:
        faults.append(f"{unknown} of the answers belong to no question of this form; leave them out")
    return cleaned, faults


def _is_empty(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (list, tuple)) and all(map(_is_empty, value)))


def _yes_no(question: Question, value: object) -> bool:
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise Unclear("is neither yes nor no", "answer yes or no")
    return word in _YES


def _choice(question: Question, value: object) -> str:
    offered = {" ".join(choice.split()).casefold(): choice for choice in question.of}
    word = " ".join(value.split()).casefold() if isinstance(value, str) else ""
    if word not in offered:
        raise Unclear("is none of the choices offered", f"choose one of {len(offered)}, as the form words it")
    return offered[word]


def _choices(question: Question, value: object) -> list[str]:
    if isinstance(value, str):
        # Form tools export several choices in one cell; a choice that holds a comma itself stays whole.
        value = [value] if _offered(question, value) else re.split(r"[;,|\n]", value)
    if not isinstance(value, (list, tuple)):
        raise Unclear("is not a list of choices", "choose from those offered")
    chosen = [_choice(question, item) for item in value if not _is_empty(item)]
    if len(set(chosen)) > (question.at_most or len(question.of)):
        raise Unclear("chooses too many", f"choose at most {question.at_most or len(question.of)}")
    return sorted(set(chosen), key=question.of.index)


def _offered(question: Question, value: str) -> bool:
    return " ".join(value.split()).casefold() in {" ".join(choice.split()).casefold() for choice in question.of}


def _number(question: Question, value: object) -> int:
    words = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[+-]?\d{1,9}(\.0+)?", words):
        raise Unclear("is not a whole number", _range(question))
    number = int(float(words))
    low, high = question.low, question.high
    if (low is not None and number < low) or (high is not None and number > high) or (low is None and number < 0):
        raise Unclear("is outside what can be answered", _range(question))
    return number


def _range(question: Question) -> str:
    low = 0 if question.low is None else question.low
    return (
        f"write a number from {low} to {question.high}"
        if question.high is not None
        else f"write a number of {low} or more"
    )


def _text(question: Question, value: object) -> str:
    if not isinstance(value, (str, int, float)):
        raise Unclear("is not a text", "write it in words")
    text = _UNSEEN.sub("", str(value).replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > MOST_TEXT:
        raise Unclear("is too long", f"write at most {MOST_TEXT} characters")
    return text


def _date(question: Question, value: object) -> date:
    if isinstance(value, date):
        return value
    words = str(value).strip()
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            raise ValueError
        return date.fromisoformat(words)
    except ValueError:
        raise Unclear("is not a date", "write it as year-month-day, for example 2027-03-01") from None


_CLEANERS = {
    "yes_no": _yes_no,
    "choice": _choice,
    "choices": _choices,
    "scale": _number,
    "number": _number,
    "text": _text,
    "date": _date,
}
