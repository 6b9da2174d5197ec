"""A reader who knows no YAML and no vocabulary: does to a text what a message says, at the place it names, and no more."""

import re
from collections.abc import Callable, Iterator

import yaml

from schemas.errors import Fault

Edit = tuple[int, int, str]  # from, to, what stands there instead
Found = re.Match[str]


def mended(text: str, faults: list[Fault]) -> str | None:
    """The text after everything the messages say was done; None when one of them says nothing a machine can do."""
    edits = []
    for fault in faults:
        edit = _edit(text, fault)
        if edit is None:
            return None
        edits.append(edit)
    # From the end to the beginning, so that the places of the others stay what they are; each place once.
    for start, end, instead in sorted(set(edits), reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def _edit(text: str, fault: Fault) -> Edit | None:
    for words, act in _SAYINGS:
        if found := re.search(words, fault.message):
            edit = act(text, fault, found)
            if edit is not None:
                return edit
    return None


def place_of(text: str, line: int, column: int) -> int:
    """How many characters stand before a place."""
    return sum(len(each) for each in text.splitlines(keepends=True)[: line - 1]) + column - 1


def _root(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return None


def _nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    children = node.value if isinstance(node, yaml.SequenceNode) else []
    if isinstance(node, yaml.MappingNode):
        children = [child for pair in node.value for child in pair]
    for child in children:
        yield from _nodes(child)


def _pairs(text: str) -> Iterator[tuple[yaml.Node, yaml.Node, yaml.Node]]:
    """Every block with each of its keys and values."""
    root = _root(text)
    for node in _nodes(root) if root else ():
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield node, key, value


def _span(text: str, fault: Fault) -> tuple[int, int] | None:
    """What stands at the place: a key, a value, a list or a block."""
    at, root = place_of(text, fault.line, fault.column), _root(text)
    found = [node for node in _nodes(root) if node.start_mark.index == at] if root else []
    # A list or block without brackets begins where its first part begins: the part is meant, unless it is the key.
    node = found[-1] if found else None
    return (at, _end(text, node)) if node is not None else None


def _end(text: str, node: yaml.Node) -> int:
    """Where a value ends: one without brackets is said to end only where the next begins."""
    end = node.end_mark.index
    return len(text[:end].rstrip()) if isinstance(node, yaml.CollectionNode) and not node.flow_style else end


def _whole_value(text: str, fault: Fault) -> tuple[int, int] | None:
    """The value, also when the place is that of its key."""
    at = place_of(text, fault.line, fault.column)
    for _, key, value in _pairs(text):
        if key.start_mark.index == at:
            return value.start_mark.index, _end(text, value)
    return _span(text, fault)


def _write_word(text: str, fault: Fault, found: Found) -> Edit | None:
    """A name that is spelt otherwise: whatever stands at the place gives way to it, but for its quotes."""
    span = _span(text, fault)
    if span and text[span[0]] in "'\"":
        span = span[0] + 1, span[1] - 1
    return (*span, found["this"]) if span else None


def _write_value(text: str, fault: Fault, found: Found) -> Edit | None:
    """A value, or a key with its value: it replaces what is there, or joins the block that lacks it."""
    span, key = _whole_value(text, fault), fault.path.rpartition(".")[2]
    value = _first_of(found["this"]).removeprefix(f"{key}: ")
    if re.match(r"[a-z_]+: ", value) and "[" not in key:
        return _add_pair(text, fault, found)
    return (*span, value) if span else None


def _first_of(words: str) -> str:
    """The first of what may be written: "a | b", "a, b or c", "a or b"; a comma in brackets parts nothing."""
    first = words.split(" | ")[0]
    if not re.search(r"[\[{]", first):
        first = first.split(", ")[0]
    return first if re.search(r" or (above|below)", first) else first.split(" or ")[0]


def _write_one(text: str, fault: Fault, found: Found) -> Edit | None:
    """The first thing inside, without the brackets around it."""
    at, root = place_of(text, fault.line, fault.column), _root(text)
    span = _whole_value(text, fault)
    inside = [node for node in _nodes(root) if at < node.start_mark.index < (span or (0, 0))[1]] if root else []
    scalars = [node for node in inside if isinstance(node, yaml.ScalarNode)]
    return (*span, scalars[-1].value) if span and scalars else None


def _add_pair(text: str, fault: Fault, found: Found) -> Edit | None:
    """A key that is missing: below the block the place is in, or at the top of the file."""
    root = _root(text)
    at = place_of(text, fault.line, fault.column)
    for _, key, value in _pairs(text):
        # The key is there, and only its value is not.
        if key.start_mark.index == at and found["this"].startswith(f"{key.value}: "):
            return at, max(_end(text, value), key.end_mark.index + 1), found["this"]
    block = next((value for _, key, value in _pairs(text) if key.start_mark.index == at), None)
    if "." not in fault.path and at == 0:
        block = root
    if block is None:
        block = next((node for node in _nodes(root) if node.start_mark.index == at), None) if root else None
    if not isinstance(block, yaml.MappingNode):
        return None
    start = block.start_mark.index
    if block.flow_style:
        return start + 1, start + 1, f" {found['this']}{',' if block.value else ''}"
    return start, start, f"{found['this']}\n{' ' * block.start_mark.column}"


def _drop(text: str, fault: Fault, found: Found) -> Edit | None:
    """Remove the key with its value, or the entry of a list."""
    at = place_of(text, fault.line, fault.column)
    for block, key, value in _pairs(text):
        if at in (key.start_mark.index, value.start_mark.index):
            start, end = key.start_mark.index, max(_end(text, value), key.end_mark.index + 1)
            return _with_comma(text, start, end) if block.flow_style else _with_line(text, start, end)
    span = _span(text, fault)
    return _with_comma(text, *span) if span else None


def _with_comma(text: str, start: int, end: int) -> Edit:
    after = re.match(r"\s*,\s*", text[end:])
    if after:
        return start, end + after.end(), ""
    before = re.search(r"\s*,\s*\Z", text[:start])
    return (before.start() if before else start), end, ""


def _with_line(text: str, start: int, end: int) -> Edit:
    newline = text.find("\n", end)
    begin = text.rfind("\n", 0, start) + 1
    return begin, len(text) if newline < 0 else newline + 1, ""


def _spaces(text: str, fault: Fault, found: Found) -> Edit:
    at = place_of(text, fault.line, fault.column)
    return at, at + 1, "  "


def _delete_sign(text: str, fault: Fault, found: Found) -> Edit:
    at = place_of(text, fault.line, fault.column)
    return at, at + 1, ""


def _delete_word(text: str, fault: Fault, found: Found) -> Edit:
    """A tag or a name for repeating, up to the next space."""
    at = place_of(text, fault.line, fault.column)
    word = re.match(r"[&!]\S* ?", text[at:])
    return at, at + (word.end() if word else 0), ""


def _delete_line(text: str, fault: Fault, found: Found) -> Edit:
    at = place_of(text, fault.line, fault.column)
    return _with_line(text, at, at)


def _quote(text: str, fault: Fault, found: Found) -> Edit | None:
    """Put quotes around what follows the first colon of the line."""
    at = place_of(text, fault.line, 1)
    row = text[at:].split("\n", 1)[0]
    value = re.match(r"(\s*(?:- )?[^:]+: +)(.*?)\s*\Z", row)
    if not value or "'" in value[2]:
        return None
    return at + value.start(2), at + value.end(2), f"'{value[2]}'"


def _close(text: str, fault: Fault, found: Found) -> Edit | None:
    """Close what begins at the place at the end of its line."""
    at = place_of(text, fault.line, fault.column)
    signs = {"[": "]", "{": " }", "'": "'", '"': '"'}
    newline = text.find("\n", at)
    end = len(text[: len(text) if newline < 0 else newline].rstrip())
    return (end, end, signs[text[at]]) if text[at : at + 1] in signs else None


_SAYINGS: list[tuple[str, Callable[[str, Fault, Found], Edit | None]]] = [
    (r"written already: remove this key$|keep one of the two$", _drop),
    (r"did you mean (?P<q>['\"])(?P<this>.+?)(?P=q)(?:\?|,| Known| Count)", _write_word),
    (r"(?:is missing|lacks \w+|has no value).*; write (?P<this>.+)$", _add_pair),
    (r"replace it with two spaces", _spaces),
    (r"(?:cannot be seen|nothing opened).*; delete it", _delete_sign),
    (r"has a tag .*; remove it|remove the name and write", _delete_word),
    (r"delete the line of three dashes", _delete_line),
    (r"put (?:it|the text|the value) in quotes", _quote),
    (r"close it", _close),
    (r"; write a number from (?P<this>-?\d+) to -?\d+$", _write_value),
    (r"; write [^;]*?for example (?P<this>.+)$", _write_value),
    (r"; (?:use only|write a country) .*, as in (?P<this>\S+)", _write_word),
    (r"; write the value on the same line", _write_one),
    (r"remove (?:it|this|the line)", _drop),
    (r"; known[^:]*: (?P<this>.+)$", _write_value),
    (r"; write (?:at most |one of )?(?P<this>.+)$", _write_value),
]
