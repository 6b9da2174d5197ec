"""The words and numbers of the report in one language; what a language has no words for stays in English."""

import re
from collections.abc import Callable
from datetime import date

from babel.numbers import get_decimal_symbol, get_group_symbol

from cohortflow.mailroom.locales import locale_of, long_date
from cohortflow.mailroom.words import Phrasebook, Words
from schemas.report import Share

_GAP = re.compile(r"\{([a-z_]+)\}")
NONE = "–"


class Tongue:
    """How a report speaks.

    Args:
        words: the words of its language; the group `report` holds those of the page by their English.
    """

    def __init__(self, words: Words) -> None:
        self.language, self._words = words.language, words
        self._phrases = Phrasebook(words, {})
        locale = locale_of(words.language)
        self._signs = str.maketrans({",": get_group_symbol(locale), ".": get_decimal_symbol(locale)})

    def filters(self) -> dict[str, Callable[..., str]]:
        """What the page calls them by."""
        return {
            "day": self.day, "share": self.share, "number": self.number, "plain": self.plain, "mean": self.mean,
            "percent": self.percent, "said": self.said, "sentences": self.sentences,
            "in_a_sentence": self.in_a_sentence,
        }  # fmt: skip

    def say(self, english: str, **given: object) -> str:
        """A phrase of the page with its gaps filled."""
        said = self._words.say("report", english) or english
        return _GAP.sub(lambda gap: str(given.get(gap[1], gap[0])), said)

    def said(self, english: str) -> str:
        """What a task wrote: a label, a note, a reason."""
        return self._words.say("report", english) or self._phrases.say(english)

    def sentences(self, english: str) -> str:
        """Several sentences of a task, each said by itself."""
        return " ".join(map(self.said, re.split(r"(?<=[a-z0-9)]\.) (?=[A-Z])", english)))

    def in_a_sentence(self, label: str) -> str:
        """A label as it stands inside a sentence: German keeps its capitals."""
        return label.lower() if self.language.startswith("en") else label

    def day(self, day: date) -> str:
        """A day in words: 27 August 2027, or 27. August 2027."""
        return long_date(day, self.language)

    def number(self, value: float) -> str:
        """A number with its thousands apart."""
        return self.localized(f"{value:,}")

    def plain(self, value: float | None, in_percent: bool = False) -> str:
        """A number without an idle .0; a dash for none."""
        if value is None:
            return NONE
        shown = self.localized(f"{value:.2f}".rstrip("0").rstrip("."))
        return self.say("{number}%", number=shown) if in_percent else shown

    def mean(self, value: float | None) -> str:
        """A mean with two digits, so that a column of them lines up; a dash for none."""
        return NONE if value is None else self.localized(f"{value:.2f}")

    def percent(self, value: float) -> str:
        """A share in whole percent."""
        return self.say("{number}%", number=f"{value:.0f}")

    def share(self, share: Share | None) -> str:
        """A share as a reader takes it in: 88% (82 of 93); a dash where it is withheld or there is none."""
        if not share or not share.whole:
            return NONE
        return self.say(
            "{share} ({part} of {whole})", share=self.percent(share.percent), part=share.part, whole=share.whole
        )

    def localized(self, written: str) -> str:
        """A number with the signs this language puts between its digits."""
        return written.translate(self._signs)
