"""What a value may look like before it stands in a mail: one line, no control signs, no reversed text."""

import re

# Characters that show nothing and change what is around them: controls, line separators, the marks that turn the
# reading direction (a name could make "gpj.exe" read "exe.jpg"), halves of surrogate pairs, and private-use signs.
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"
_BREAKS = re.compile(f"[{_CONTROLS}]+")
_INVISIBLE = re.compile(f"[{_BIDI}{_PRIVATE}]+")
_SPACES = re.compile(r"\s{2,}")
_FORBIDDEN_IN_HEADER = re.compile(f"[{_CONTROLS}{_BIDI}]")


def plain_line(text: str) -> str:
    """The text as one line a reader can trust: breaks become a space, what cannot be seen is left out."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    return _SPACES.sub(" ", _INVISIBLE.sub("", _BREAKS.sub(" ", text))).strip()


def fits_a_header(text: str) -> bool:
    """False when the text could begin a header of its own, or hide what it says."""
    return (text.isascii() and text.isprintable()) or _FORBIDDEN_IN_HEADER.search(text) is None


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
