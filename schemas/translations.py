"""A form in further languages: what is asked, and how the choices read. What is stored is the same in all of them."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from schemas.phrases import Rule, Unclear
from schemas.words import Language, Name


class Translation(Rule):
    """A form in one more language: its title, its questions by their keys, its choices by what is stored for them."""

    name: Name | None = None
    ask: dict[str, Name] = {}
    choices: dict[str, Name] = {}
    yes: Name | None = None
    no: Name | None = None


Translations = dict[Language, Translation]
Choices = Mapping[str, tuple[str, ...]]  # by question


def folded(words: str) -> str:
    """Words as they are compared: case and the number of spaces do not count."""
    return " ".join(words.split()).casefold()


def translation_of(translations: Mapping[str, Translation], language: str) -> Translation:
    """What there is in a language; nothing, when there is none."""
    found = translations.get(language) or translations.get(language.split("-")[0])
    return found or Translation()


def mistranslated(choices: Choices, translations: Mapping[str, Translation]) -> Iterator[Unclear]:
    """Translations of what a form does not ask, and choices of one question that would read the same."""
    for language, said in translations.items():
        at = ("translations", language)
        for key in said.ask.keys() - choices.keys():
            yield Unclear("is no question of this form", _nearest(key, choices), (*at, "ask", key), of_key=True)
        offered = dict.fromkeys(choice for listed in choices.values() for choice in listed)
        for choice in said.choices.keys() - offered.keys():
            mend = _nearest(choice, offered)
            yield Unclear("is no choice of this form", mend, (*at, "choices", choice), of_key=True)
        for choice in sorted({choice for listed in choices.values() for choice in _alike(listed, said)}):
            mend = "give each choice of a question words of its own"
            yield Unclear("reads like another choice of its question", mend, (*at, "choices", choice))
        if said.yes and said.no and folded(said.yes) == folded(said.no):
            yield Unclear("means both yes and no", "write two words", (*at, "no"))


def _alike(listed: tuple[str, ...], said: Translation) -> Iterator[str]:
    taken = {folded(choice): choice for choice in listed}
    for choice in listed:
        if choice in said.choices and taken.setdefault(folded(said.choices[choice]), choice) != choice:
            yield choice


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(known) or 'none yet'}"
