"""Mails as a reader takes them in: the words of a page, who reads, and values that are missing or far too long."""

import re
from html.parser import HTMLParser

ROLES = ("mentor", "mentee", "manager", "owner", "approver", "sponsor")
EMPTY = {
    "partners": (), "deadline": None, "counts": {}, "n": 0, "agenda": (), "training": "", "meeting": None, "lines": (),
    "people": (),
}  # fmt: skip
LONG = "Wolfeschlegelsteinhausenbergerdorff " * 5
ENGLISH = frozenset(
    [
        "the",
        "and",
        "your",
        "you",
        "of",
        "with",
        "please",
        "not",
        "we",
        "will",
        "have",
        "has",
        "been",
        "this",
        "that",
        "from",
        "for",
        "are",
        "our",
        "they",
        "them",
        "who",
        "which",
        "what",
        "when",
        "until",
        "yes",
        "hello",
        "thank",
        "pair",
        "pairs",
        "match",
        "matches",
        "mentors",
        "program",
        "cohort",
        "spring",
        "wants",
        "offers",
        "skills",
        "wanted",
        "works",
        "another",
        "department",
        "same",
        "level",
        "above",
        "by",
        "no",
    ]
)
NAMES = re.compile(
    r"Emerging Leaders Mentoring|MENTOR-101|https?://\S+|\S+@\S+|`[^`]*`|approvers|cohortflow (check|plan)"
)


class Page(HTMLParser):
    """What a reader of the page sees as words, and the tags it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("style", "title") or dict(attrs).get("class") == "preview":
            self._hidden = tag

    def handle_endtag(self, tag):
        self._hidden = "" if tag == self._hidden else self._hidden

    def handle_data(self, data):
        if not self._hidden:
            self.words += re.findall(r"\w+", data)


def words_of_text(text: str) -> list[str]:
    """The words of the text part, without the addresses that the page keeps behind its links."""
    return re.findall(r"\w+", re.sub(r"(?m)^https?://\S+$", "", text))


def english_in(text: str) -> set[str]:
    """Words of a text that only English has; names, addresses and commands do not count."""
    return set(re.findall(r"[a-zäöüß]+", NAMES.sub("", text).casefold())) & ENGLISH
