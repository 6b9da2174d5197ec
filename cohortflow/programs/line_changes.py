"""What two versions of a cohort say differently, key by key, and where in the file each of it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cohortflow.programs.merging import STANDARD_FILE, cohort_tree, plain_program, program_tree, read_sources
from cohortflow.programs.parsing import FOLDER
from cohortflow.programs.trees import Mark, Node, Path

ABSENT = object()
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Leaf:
    """One value that differs; `path` is as a cohort's line has it: ("seats",) or ("stages", "recruit", "closes")."""

    path: Path
    before: Any
    after: Any

    @property
    def said(self) -> str:
        """The change in words: what stood there and what stands there now."""
        before, after = _shown(self.before), _shown(self.after)
        if self.before is ABSENT:
            return f"{after} is new" if after else "is new"
        if self.after is ABSENT:
            return f"{before} is taken out" if before else "is taken out"
        return f"{before} becomes {after}" if before and after else "says something else"


def _shown(value: Any) -> str:
    """A value as it is written; blocks and long lists are not worth reading in a sentence."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = f"[{', '.join(value)}]"
    if not isinstance(value, str) or len(value) > _LONGEST_SHOWN:
        return ""
    return value


def resolved(texts: dict[str, str], program_id: str, key: str, line: Node, folder: str = FOLDER) -> Node:
    """Everything a cohort lives by, as one tree; what came from a file still knows its place in it."""
    return cohort_tree(program_tree(read_sources(texts, program_id, folder)), key, line)


def plain_view(tree: Node, key: str) -> dict[str, Any]:
    """The same without marks, its dates and seats beside the rest, as a line has them."""
    plain = plain_program(tree)
    dates = plain.pop("cohorts")[key]
    return {**plain, **dates}


def changed_leaves(before: Any, after: Any, path: Path = ()) -> Iterator[Leaf]:
    """Every value that differs. Lists of mails and rules are followed item by item while they have the same length."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from changed_leaves(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif _are_alike(before, after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changed_leaves(old, new, (*path, place))
    else:
        yield Leaf(path, before, after)


def _are_alike(before: Any, after: Any) -> bool:
    both = isinstance(before, list) and isinstance(after, list) and len(before) == len(after)
    return both and all(isinstance(each, Mapping) for each in (*before, *after))


@dataclass(frozen=True)
class Places:
    """Where the words of a cohort stand: in its line, or (for a cohort that follows its file) in the whole of it."""

    tree: Node
    home: Mark

    def of(self, path: Path) -> Mark:
        """The key that a path leads to, or the nearest block around it that stands in a file people edit."""
        node, found = self.tree, self.home
        for step in path:
            below = node.get(step)
            if below is None:
                break
            node = below
            mark = node.key_mark or node.mark
            found = mark if mark.file != STANDARD_FILE.name else found
        return found


def places_of_line(texts: dict[str, str], program_id: str, key: str, folder: str = FOLDER) -> Places:
    """Places within a cohort's own line, as the file has it now; the block of cohorts where it has no such line."""
    sources = read_sources(texts, program_id, folder)
    block = sources.program.get("cohorts") if sources.program else None
    home = (block.key_mark or block.mark) if block else sources.home
    line = block.get(key) if block else None
    if line is None:
        return Places(Node({}, home), home)
    return Places(line, line.key_mark or line.mark)


def places_of_cohort(tree: Node, key: str, home: Mark) -> Places:
    """Places anywhere in the files a cohort follows, its line's dates among them."""
    line = tree.get("cohorts", key)
    dates = line.value if line is not None and isinstance(line.value, dict) else {}
    assert isinstance(tree.value, dict)
    return Places(Node({**tree.value, **dates}, home), home)
