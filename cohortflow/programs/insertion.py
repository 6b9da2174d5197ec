"""A new line under `cohorts:` of a program's text, and every other sign of the file left as it is."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from cohortflow.programs.trees import load_tree
from schemas.errors import CohortflowError, ProgramError

_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Line:
    """What a cohort's line says."""

    key: str
    starts: str
    ends: str
    seats: int

    def items(self) -> list[tuple[str, str]]:
        """The keys of the line with their values, as they are written."""
        return [("starts", self.starts), ("ends", self.ends), ("seats", str(self.seats))]

    def flow(self) -> str:
        """The line in braces."""
        return f"{self.key}: {{ {', '.join(f'{key}: {value}' for key, value in self.items())} }}"


def with_cohort(text: str, line: Line, file: str) -> str:
    """The text with the line added after the last cohort, in the style of those that are there.

    Raises:
        ProgramError: the text is not a program's.
        CohortflowError: the place cannot be found without changing something else.
    """
    # The loader that refuses hostile YAML goes first; the marks at the ends of values come from PyYAML itself.
    tree, faults = load_tree(text, file)
    if tree is None or faults:
        raise ProgramError(faults)
    cohorts = tree.get("cohorts")
    if cohorts is not None and isinstance(cohorts.value, dict) and line.key in cohorts.value:
        raise CohortflowError(f"{file}: cohorts.{line.key}: is there already; choose another key with --key")
    added = _Text(text, line, file).added()
    grown, faults = load_tree(added, file)
    before, after = tree.plain(), grown.plain() if grown else {}
    expected = {**before, "cohorts": {**_block(before.get("cohorts")), line.key: dict(line.items())}}
    if faults or after != expected:
        raise CohortflowError(_by_hand(file, line))
    return added


def _block(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _by_hand(file: str, line: Line) -> str:
    return (
        f"{file}: cohorts: is written in a way that cannot be added to from here; add this line by hand: {line.flow()}"
    )


class _Text:
    """One program's text and the place where the line belongs."""

    def __init__(self, text: str, line: Line, file: str) -> None:
        self.text, self.line, self.file = text, line, file
        found = _BREAK.search(text)
        self.newline = found[0] if found else "\n"

    def added(self) -> str:
        """The text with the line in it."""
        root: Any = yaml.compose(self.text, Loader=yaml.BaseLoader)
        for key, value in root.value:
            if key.value == "cohorts":
                return self._below(key, value)
        if root.flow_style:
            raise CohortflowError(_by_hand(self.file, self.line))
        return self._at_line_end(self._end_of(root), f"cohorts:{self.newline}  {self.line.flow()}")

    def _below(self, key: Any, value: Any) -> str:
        if isinstance(value, yaml.MappingNode):
            if value.flow_style:
                return self._in_braces(value)
            return self._in_block(value)
        if isinstance(value, yaml.ScalarNode) and not value.value:
            return self._first(key)
        if isinstance(value, yaml.ScalarNode) and value.value in ("~", "null"):
            start, end = value.start_mark.index, value.end_mark.index
            return f"{self.text[:start]}{{ {self.line.flow()} }}{self.text[end:]}"
        raise CohortflowError(_by_hand(self.file, self.line))

    def _first(self, key: Any) -> str:
        """The first line below a `cohorts:` that holds none yet, after the comments that belong to it."""
        indent = key.start_mark.column
        at = self._line_end(key.end_mark.index)
        while comment := re.match(r"(?:\r\n|\r|\n)([ ]*)#[^\r\n]*", self.text[at:]):
            if len(comment[1]) <= indent:
                break
            at += comment.end()
        return self._at_line_end(at, " " * (indent + 2) + self.line.flow())

    def _in_block(self, cohorts: Any) -> str:
        keys = cohorts.value
        indent = keys[0][0].start_mark.column
        last = keys[-1][1]
        body = " " * indent + self.line.flow()
        if isinstance(last, yaml.MappingNode) and not last.flow_style:
            inner = " " * last.value[0][0].start_mark.column
            rows = [f"{inner}{key}: {value}" for key, value in self.line.items()]
            body = self.newline.join([f"{' ' * indent}{self.line.key}:", *rows])
        return self._at_line_end(self._end_of(last), body)

    def _in_braces(self, cohorts: Any) -> str:
        inside = cohorts.end_mark.index - 1
        if not cohorts.value:
            between = self.text[cohorts.start_mark.index + 1 : inside]
            return f"{self.text[: inside - len(between)]} {self.line.flow()}{between or ' '}{self.text[inside:]}"
        last = cohorts.value[-1][1].end_mark.index
        comma = self._comma(last, inside)
        at = last if comma is None else comma + 1
        head, rest = self.text[:at] + ("," if comma is None else ""), self.text[at:]
        key = cohorts.value[-1][0].start_mark
        if key.line == cohorts.start_mark.line:
            return f"{head} {self.line.flow()}{rest}"
        # One cohort a line: a comment behind the last of them stays behind it.
        comment = re.match(r"[ \t]*(#[^\r\n]*)?(?=\r|\n)", rest)
        behind = comment[0] if comment else ""
        ending = "," if comma is not None else ""
        return f"{head}{behind}{self.newline}{' ' * key.column}{self.line.flow()}{ending}{rest[len(behind) :]}"

    def _comma(self, begins: int, ends: int) -> int | None:
        """The comma behind the last cohort, if there is one; a comma in a comment is none."""
        for token in yaml.scan(self.text, Loader=yaml.BaseLoader):
            if isinstance(token, yaml.FlowEntryToken) and begins <= token.start_mark.index < ends:
                return int(token.start_mark.index)
        return None

    def _line_end(self, index: int) -> int:
        found = _BREAK.search(self.text, index)
        return found.start() if found else len(self.text)

    def _at_line_end(self, index: int, body: str) -> str:
        at = self._line_end(index)
        return f"{self.text[:at]}{self.newline}{body}{self.text[at:]}"

    def _end_of(self, node: Any) -> int:
        """Where a block ends: at its last value, for its own mark lies behind the comments that follow."""
        while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
        end = int(node.end_mark.index)
        return len(self.text[:end].rstrip()) if getattr(node, "style", None) in ("|", ">") else end
