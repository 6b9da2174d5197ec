"""Languages as HR writes them ("German; EN", "Deutsch (native)") as the codes that programs and mails use."""

import re
from functools import cache, lru_cache

from babel import Locale

_BETWEEN = re.compile(r"[;,/|\n]+")
_REGION = re.compile(r"([a-z]{2,3})[-_][a-z0-9]{2,4}")
_REMARK = re.compile(r"\([^)]*\)|\[[^\]]*\]")
# Names are known in English, in German and, for languages that HR forms often offer, in the language itself.
_OFTEN = (
    "fr es it pt nl pl cs sk sl hr sr sv da nb nn fi hu ro bg el tr ru uk ar he fa hi bn mr ta te ur ja ko zh vi th id"
)
_NO_LANGUAGE = {"na", "und", "mul", "zxx"}  # "NA" is far more often "not given" than Nauruan
_MORE_NAMES = {"mandarin": "zh", "farsi": "fa", "norwegian": "no", "castilian": "es", "flemish": "nl"}
_THREE_LETTERS = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt",
    "nld": "nl", "dut": "nl", "pol": "pl", "hin": "hi", "zho": "zh", "chi": "zh", "jpn": "ja", "rus": "ru",
}  # fmt: skip


def _names(locale: str) -> dict[str, str]:
    names = dict(Locale(locale).languages.items())
    return {str(name).casefold(): str(code).split("_")[0] for code, name in names.items()}


@cache
def _codes() -> dict[str, str]:
    """Codes by themselves and by their English and German names."""
    named = _names("de") | _names("en")
    codes = {code: code for code in named.values() if code not in _NO_LANGUAGE}
    return {**{name: code for name, code in named.items() if code in codes}, **codes, **_MORE_NAMES, **_THREE_LETTERS}


@cache
def _own_names() -> dict[str, str]:
    """Codes by the name a language gives itself; slower to gather, and seldom needed."""
    return {str(Locale(code).languages[code]).casefold(): code for code in _OFTEN.split()}


@lru_cache(maxsize=4096)
def _code(word: str) -> str | None:
    plain = _REMARK.sub("", word).strip().casefold()
    region = _REGION.fullmatch(plain)
    # "English - C1" and "German native" have a first word to go by; "no English" must not become Norwegian.
    first = re.split(r"[\s:-]", plain)[0]
    for candidate in [region[1] if region else plain, *([first] if len(first) > 3 else [])]:
        found = _codes().get(candidate) or _own_names().get(candidate)
        if found:
            return found
    return None


@lru_cache(maxsize=4096)
def read_languages(written: str) -> tuple[str, tuple[str, ...]]:
    """The codes ("en;de", each once, in the order written) and the words that are no language."""
    words = [word.strip() for word in _BETWEEN.split(written) if word.strip()]
    codes = {word: _code(word) for word in words}
    known = dict.fromkeys(code for code in codes.values() if code)
    return ";".join(known), tuple(word for word, code in codes.items() if code is None)
