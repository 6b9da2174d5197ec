"""One cell of a roster: whether it can be used, and what it says."""

import re
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import category

from email_validator import EmailNotValidError, validate_email

MOST_LETTERS = 250
_PLAIN_ADDRESS = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[a-z0-9.-]+", re.I)
# What a spreadsheet makes of a long number or of a broken formula.
_SPREADSHEET_DAMAGE = re.compile(r"\d([.,]\d+)?E\+\d+|#(N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|DIV/0!)", re.IGNORECASE)
_TURNS_TEXT_ROUND = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def has_control(value: str) -> bool:
    """Whether a cell holds what no keyboard writes: control characters, broken letters, marks that turn text round."""
    if value.isprintable():
        return False
    return any(category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in _TURNS_TEXT_ROUND for letter in value)


def wrong_with_id(value: str) -> tuple[str, str] | None:
    """Code and reason why an employee id cannot be used."""
    if not value:
        return "missing_id", "the employee id is missing; enter it in the HR system"
    if has_control(value):
        return "bad_id", "the employee id holds control characters; enter it anew"
    if len(value) > 100:
        return "bad_id", "the employee id is longer than 100 characters; correct it"
    if _SPREADSHEET_DAMAGE.fullmatch(value):
        return "bad_id", "a spreadsheet has rounded or replaced the employee id; export the column as text"
    return None


def read_address(value: str) -> str | None:
    """A work address in lower case, as mail can be sent to it; None when its syntax is wrong."""
    if len(value) > 254 or has_control(value):
        return None
    if _PLAIN_ADDRESS.fullmatch(value):
        # The part before the @ is plain; judging each domain once is ten times as fast.
        local, _, domain = value.rpartition("@")
        checked = _checked(f"a@{domain.lower()}") if len(local) <= 64 else None
        return checked and f"{local.lower()}{checked[1:]}"
    return _checked(value)


def needs_smtputf8(value: str) -> bool:
    """Whether an address is sound but for letters before the @ that only some mail servers take (SMTPUTF8)."""
    if has_control(value) or value.rpartition("@")[0].isascii():
        return False
    try:
        validate_email(value, check_deliverability=False, allow_smtputf8=True, test_environment=True)
    except EmailNotValidError:
        return False
    return True


@lru_cache(maxsize=4096)
def _checked(address: str) -> str | None:
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        return None
    return (found.ascii_email or found.normalized).lower()


def words_of(listed: Iterable[str]) -> dict[str, str]:
    """How a configured word may be written in the file (upper or lower case), and how we write it."""
    listed = list(listed)
    return {word.casefold(): word for word in reversed(listed)} | {word: word for word in listed}


def known_word(value: str, words: dict[str, str]) -> str | None:
    """The configured word a cell means."""
    return words.get(value) or words.get(value.casefold())
