"""The forms people fill in, and what becomes of an answer."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.phrases import Rule, Several, Unclear
from schemas.translations import Translations, folded, mistranslated, translation_of
from schemas.words import ID, Many, Name, Truth, plain_name_cure, whole

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
        faults.append(Unclear("offers nothing to choose from", "write for example of: [Often, Sometimes, Never]"))
    if choosing and len(set(map(str.casefold, question.of))) < len(question.of):
        faults.append(Unclear("offers the same choice twice", "keep one of them", ("of",)))
    if not choosing and question.of:
        faults.append(Unclear("offers choices that its type does not take", "write type: choice or choices", ("of",)))
    if question.type == "scale" and (question.low is None or question.high is None):
        faults.append(Unclear("is a scale without ends", "write from: 1 and to: 5"))
    if question.low is not None and question.high is not None and question.high <= question.low:
        mend = f"write a number above {question.low}, for example {question.low + 4}"
        faults.append(Unclear("ends before it begins", mend, ("to",)))
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
    faults = [
        Unclear("is not a key for a question", plain_name_cure(str(key), "career_goal"), (key,), of_key=True)
        for key in given
        if not ID.fullmatch(str(key))
    ]
    if not given:
        faults.append(Unclear("asks nothing", "write at least one question"))
    if faults:
        raise Several(faults)
    return given


Questions = Annotated[dict[str, Annotated[Question, AfterValidator(_sound)]], BeforeValidator(_keys)]


class Form(Rule):
    """A form: its title and its questions, in their order, and both in further languages."""

    name: Name
    questions: Questions
    translations: Translations = {}

    @model_validator(mode="after")
    def _translates_itself(self) -> Self:
        choices = {key: question.of for key, question in self.questions.items()}
        if faults := list(mistranslated(choices, self.translations)):
            raise Several(faults)
        return self

    def name_in(self, language: str) -> str:
        """The title as this language has it, else as the form has it."""
        return translation_of(self.translations, language).name or self.name

    def asked_in(self, key: str, language: str) -> str:
        """A question in this language, else as the form asks it."""
        return translation_of(self.translations, language).ask.get(key) or self.questions[key].ask

    def label_in(self, choice: str, language: str) -> str:
        """A choice in this language, else as it is stored."""
        return translation_of(self.translations, language).choices.get(choice, choice)

    def asked(self, key: str) -> list[str]:
        """A question in every language there is."""
        others = (each.ask.get(key) for each in self.translations.values())
        return [self.questions[key].ask, *(text for text in others if text)]

    @cached_property
    def offered(self) -> dict[str, dict[str, str]]:
        """By question: every wording of each choice, in any language, and the choice that is stored for it."""
        return {key: dict(self._wordings(question)) for key, question in self.questions.items()}

    @cached_property
    def truths(self) -> dict[str, bool]:
        """Every word for yes and for no."""
        others = self.translations.values()
        words = {folded(each.no): False for each in others if each.no}
        words |= {folded(each.yes): True for each in others if each.yes}
        return words | dict.fromkeys(_NO, False) | dict.fromkeys(_YES, True)

    def _wordings(self, question: Question) -> Iterator[tuple[str, str]]:
        for each in self.translations.values():
            yield from ((folded(each.choices[choice]), choice) for choice in question.of if choice in each.choices)
        # Last, so that what is stored is always taken as it is stored.
        yield from ((folded(choice), choice) for choice in question.of)


def choice_labels(forms: Mapping[str, Form], language: str) -> dict[str, str]:
    """How the choices of all forms read in a language, by the choice as it is stored."""
    labels: dict[str, str] = {}
    for form in forms.values():
        for choice, label in translation_of(form.translations, language).choices.items():
            labels.setdefault(choice, label)
    return labels


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
            cleaned[key] = _cleaned(form, key, value)
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


def _cleaned(form: Form, key: str, value: object) -> object:
    question = form.questions[key]
    if question.type == "yes_no":
        return _yes_no(form.truths, value)
    if question.type == "choice":
        return _choice(form.offered[key], question, value)
    if question.type == "choices":
        return _choices(form.offered[key], question, value)
    return _CLEANERS[question.type](question, value)


def _yes_no(truths: Mapping[str, bool], value: object) -> bool:
    word = folded(str(value))
    if word not in truths:
        raise Unclear("is neither yes nor no", "answer yes or no")
    return truths[word]


def _choice(offered: Mapping[str, str], question: Question, value: object) -> str:
    word = folded(value) if isinstance(value, str) else ""
    if word not in offered:
        raise Unclear("is none of the choices offered", f"choose one of {len(question.of)}, as the form words it")
    return offered[word]


def _choices(offered: Mapping[str, str], question: Question, value: object) -> list[str]:
    if isinstance(value, str):
        # Form tools export several choices in one cell; a choice that holds a comma itself stays whole.
        value = [value] if folded(value) in offered else re.split(r"[;,|\n]", value)
    if not isinstance(value, (list, tuple)):
        raise Unclear("is not a list of choices", "choose from those offered")
    chosen = [_choice(offered, question, item) for item in value if not _is_empty(item)]
    if len(set(chosen)) > (question.at_most or len(question.of)):
        raise Unclear("chooses too many", f"choose at most {question.at_most or len(question.of)}")
    return sorted(set(chosen), key=question.of.index)


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


_CLEANERS: dict[str, Callable[[Question, object], object]] = {
    "scale": _number,
    "number": _number,
    "text": _text,
    "date": _date,
}
