"""What keeps a text from being YAML, said for somebody who has never heard of YAML."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from schemas.errors import Fault

_HARD_SPACE = "\xa0"
HARD_SPACE_TOLD = "a space that does not break stands here, as word processors and chats make them"
_OPEN = "a quote or bracket that begins near here is never closed; close it"
_APART = "a comma, a colon or a closing bracket is missing here; write what parts this from the word before it"
_QUOTED = (
    'text goes on after the closing quote; put the value in quotes of the other kind, as "it\'s" or \'so "called"\''
)
_OTHERWISE = (
    "is not valid YAML here; look at this line and the one above for a missing bracket, comma, dash or colon, "
    "or a wrong indent"
)
# What the parser says, in its own words, and what it means; `%` stands for the sign at that place.
_SAYINGS = (
    ("cannot start any token", "a value cannot begin with %; put it in quotes"),
    ("alphabetic or numeric", "a value cannot begin with %; put it in quotes"),
    ("escape", "a backslash means a special sign inside double quotes; write two of them, or use single quotes"),
    ("sequence entries", "a list cannot begin on the line of its key; write it in brackets, as [first, second]"),
    ("block scalar", "a text over several lines begins on the next line; write nothing but the | on this one"),
)


@dataclass(frozen=True)
class _Page:
    """The lines of a text and the place where reading stopped; lines and columns count from 0."""

    lines: list[str]
    line: int
    column: int

    def row(self, line: int) -> str:
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    def indent(self, line: int) -> int:
        return len(self.row(line)) - len(self.row(line).lstrip(" "))

    def above(self) -> int:
        """The last line with something in it before the place."""
        before = (line for line in range(self.line - 1, -1, -1) if not re.fullmatch(r"\s*(#.*)?", self.row(line)))
        return next(before, 0)

    @property
    def begins_here(self) -> bool:
        """Whether nothing but spaces stands on the line before the place."""
        return not self.row(self.line)[: self.column].strip()


def syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    """The place where a text stops being YAML, or where that began, and what to do there."""
    place = error.problem_mark or error.context_mark
    lines = text.splitlines()
    page = _Page(lines, place.line if place else 0, place.column if place else 0)
    line, column, message = _said(error, page)
    return Fault(file, max(1, min(line + 1, len(lines) or 1)), column + 1, "file", message)


def _said(error: yaml.MarkedYAMLError, page: _Page) -> tuple[int, int, str]:
    row, problem, begun = page.row(page.line), error.problem or "", error.context_mark
    if "\t" in row[: len(row) - len(row.lstrip())] or "tab" in problem:
        at = row.find("\t")
        return (
            page.line,
            page.column if at < 0 else at,
            "a tab stands where YAML wants spaces; replace it with two spaces",
        )
    for line in (page.line, begun.line if begun else page.line):
        if (at := page.row(line).find(_HARD_SPACE)) >= 0:
            return line, at, f"{HARD_SPACE_TOLD}; type an ordinary one in its place"
    if empty := re.search(r"([\w-]+):(?=\s*[,}])", row):
        return page.line, empty.start(), "no value stands after the colon; write one, or remove this key"
    if "expected ':'" in problem and begun:
        return _without_key(page, begun.line)
    if "mapping values" in problem:
        return _second_value(page)
    for above in range(page.line - 1, -1, -1) if page.line >= len(page.lines) else ():
        if opened := re.search(r"[\[{]\s*(#.*)?$", page.row(above)):
            return above, opened.start(), _OPEN
    if "end of stream" in problem and begun:
        return begun.line, begun.column, _OPEN
    if "expected ',' or" in problem and begun:
        return _in_brackets(page, begun)
    return _by_sign(page, problem)


def _second_value(page: _Page) -> tuple[int, int, str]:
    """A colon where no key can be: in a text, after a line without one, or on a line that lies too far right."""
    row, above = page.row(page.line), page.above()
    if ": " in row[: page.column] or above == page.line:
        return page.line, page.column, "a colon begins a second value here; put the text in quotes"
    if not re.search(r":(\s|$)", page.row(above)):
        return _without_key(page, above)
    return _indented(page, above)


def _without_key(page: _Page, line: int) -> tuple[int, int, str]:
    mend = "write key: value, with a space after the colon"
    return line, page.indent(line), f"no key stands on this line; {mend}"


def _indented(page: _Page, above: int) -> tuple[int, int, str]:
    wanted = page.indent(above)
    spaces = {0: "no space", 1: "1 space"}.get(wanted, f"{wanted} spaces")
    mend = f"put {spaces} before it, as on line {above + 1}"
    return page.line, page.indent(page.line), f"this line is indented like no other of its block; {mend}"


def _in_brackets(page: _Page, begun: Any) -> tuple[int, int, str]:
    """A list or block in brackets that ends nowhere, or two of its parts with nothing between them."""
    if page.line > begun.line and page.indent(page.line) <= page.indent(begun.line):
        return begun.line, begun.column, _OPEN
    if page.row(page.line)[: page.column][-1:] in ("'", '"'):
        return _after_quotes(page)
    return page.line, page.column, _APART


def _after_quotes(page: _Page) -> tuple[int, int, str]:
    """Text after a closing quote, which may be the opening one of another text when an earlier one was never closed."""
    sign = max("'\"", key=page.row(page.line)[: page.column].rfind)
    if page.row(page.line)[: page.column].count(sign) % 2:
        for line in range(page.line - 1, -1, -1):
            begun = re.search(rf"(?<=[:\-,\[{{] ){sign}", page.row(line))
            if begun and page.row(line).count(sign) % 2:
                return line, begun.start(), _OPEN
    return page.line, page.column, _QUOTED


def _by_sign(page: _Page, problem: str) -> tuple[int, int, str]:
    row, above = page.row(page.line), page.above()
    sign = row[page.column : page.column + 1]
    if page.row(above).strip() == "...":
        return above, 0, "a line of three dots ends the file; delete the dots"
    if "escape" not in problem and re.search(r"""['"]""", row[: page.column]):
        return _after_quotes(page)
    if "expected" in problem and page.begins_here and page.line and sign not in "}]":
        return _indented(page, above)
    return page.line, page.column, _by_words(row, page.column, sign, problem)


def _by_words(row: str, column: int, sign: str, problem: str) -> str:
    if sign in ("}", "]"):
        return "a bracket closes here that nothing opened; delete it"
    if row.startswith("%"):
        return "begins with a line for YAML tools; delete this line"
    for words, message in _SAYINGS:
        if words in problem:
            before = row[column - 1 : column]
            return message.replace("%", repr(before if before in ("*", "&") else sign))
    return _OTHERWISE
