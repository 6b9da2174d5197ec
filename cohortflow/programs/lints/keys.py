"""Keys and passwords do not belong into a configuration: whoever may read the file would have them."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from schemas.errors import Fault

_NAMED = re.compile(
    r"""(?ix) (?:^|[\s{,\[("'-]) [\w-]*?
    (?P<key> password | passwd | passphrase | passwort | kennwort | pwd | secret | api[_-]?key | access[_-]?key
      | private[_-]?key | auth[_-]?token | access[_-]?token | token )
    ["']? \s* (?::\s|=) \s* ["']? (?P<value> [^\s"',}\]]{4,})"""
)
_KNOWN = re.compile(
    r"""(?x) (?<![\w-]) (?: SG\.[\w-]{10,}(?:\.[\w-]+)?      # SendGrid
    | AKIA[0-9A-Z]{16} | gh[pousr]_\w{20,} | github_pat_\w{20,} | glpat-[\w-]{16,} | xox[abeprs]-[\w-]{10,}
    | sk[-_][\w-]{20,} | AIza[\w-]{30,} | eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]+)? )"""
)
_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_IN_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]*:(?P<value>[^\s/@]{1,})@", re.IGNORECASE)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_HEX = re.compile(r"(?<!\w)(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{32,}(?!\w)")
_BASE64 = re.compile(r"(?<![\w+/-])[\w+/-]{40,}={0,2}(?![\w+/-])")
# Most lines hold nothing of all this, and one quick look tells.
_WORTH_A_LOOK = re.compile(r"(?i)pass|pwd|kennwort|secret|key|token|SG\.|xox|eyJ|-----BEGIN|://[^/]*@|[\w+/-]{16,}")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
MIXED = 0.4  # of a random key, two neighbours in three differ in kind; of a name or a path, few do
_MASK = "***"
_TELLING = 12  # so many signs of a secret give it away


def key_faults(texts: dict[str, str], names: list[str], folder: str) -> list[Fault]:
    """A fault for each string that looks like a key or a password. Its value is never repeated."""
    found = []
    for name in names:
        file = f"{folder.rstrip('/')}/{name}" if folder and folder != "." else name
        for line, column, path, value in _secrets(texts.get(name, "")):
            if name.endswith(".md") and value.isalpha():
                continue  # "the secret: listening" is prose
            found.append(Fault(file, line, column, path, _MESSAGE))
    return found


_MESSAGE = (
    "looks like a key or a password; remove it from here, keep it in an environment variable, and have a new one "
    "made, for everyone who may read this file has seen it"
)


def masked(faults: list[Fault], texts: dict[str, str], names: list[str]) -> list[Fault]:
    """The faults without the keys that other checks would show as the value they got."""
    values = [value for name in names for *_, value in _secrets(texts.get(name, ""))]
    return [_masked(fault, values) for fault in faults] if values else faults


def _masked(fault: Fault, values: list[str]) -> Fault:
    path, message = fault.path, fault.message
    for value in sorted(values, key=len, reverse=True):
        # Long values are shown cut, and their beginning is as secret as the whole.
        shown = re.compile(re.escape(value[:_TELLING]) + r"[^\s'\"]*")
        path, message = shown.sub(_MASK, path), shown.sub(_MASK, message)
    return Fault(fault.file, fault.line, fault.column, path, message, fault.severity)


@lru_cache(maxsize=256)
def _secrets(text: str) -> tuple[tuple[int, int, str, str], ...]:
    """Line, column, the key beside it, and the value of everything that looks secret."""
    return tuple(
        (number, start + 1, _key_of(line, start), value)
        for number, line in enumerate(text.split("\n"), start=1)
        if _WORTH_A_LOOK.search(line)
        for start, value in _first_of(line)
    )


def _first_of(line: str) -> Iterator[tuple[int, str]]:
    """Every secret of a line, each place told once."""
    taken: list[tuple[int, int]] = []
    for start, value in sorted(_looks_secret(line)):
        if all(not first <= start < last for first, last in taken):
            taken.append((start, start + len(value)))
            yield start, value


def _looks_secret(line: str) -> Iterator[tuple[int, str]]:
    for found in (*_KNOWN.finditer(line), *_BLOCK.finditer(line)):
        yield found.start(), found[0]
    for found in (*_NAMED.finditer(_COMMENT.sub("", line)), *_IN_ADDRESS.finditer(line)):
        yield found.start("value"), found["value"]
    plain = _ADDRESS.sub(lambda found: " " * len(found[0]), line)
    for found in _HEX.finditer(plain):
        yield found.start(), found[0]
    for found in _BASE64.finditer(plain):
        if _is_mixed(found[0]):
            yield found.start(), found[0]


def _is_mixed(word: str) -> bool:
    """Whether small letters, capitals and digits follow each other as only chance has them."""
    kinds = ["a" if sign.islower() else "A" if sign.isupper() else "0" for sign in word if sign.isalnum()]
    changes = sum(left != right for left, right in pairwise(kinds))
    return set(kinds) == {"a", "A", "0"} and changes >= MIXED * len(kinds)


def _key_of(line: str, start: int) -> str:
    before = re.findall(r"([\w-]{1,40})[\"']?\s*[:=]", line[:start])
    return before[-1] if before else "file"
