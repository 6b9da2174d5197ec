"""Whatever key is misspelt or left without a value, one fault says so where it stands, and the right key mends it."""

from collections.abc import Iterator

import pytest
import yaml
from programs.broken import reader
from programs.broken.good import APPLY, COMPANY, FOLDER, PROGRAM, errors, sound

pytestmark = pytest.mark.slow

# Below these the coordinator chooses the keys.
CHOSEN = {"cohorts", "sites", "questions", "sensitive"}


def keys_of(file: str) -> Iterator[tuple[str, yaml.ScalarNode, yaml.Node]]:
    """Each key with its value, once for each block it can stand in, and the name of that block."""
    told: set[tuple[str, str]] = set()
    root = yaml.compose(sound()[file], Loader=yaml.BaseLoader)
    for block, key, value in _pairs(root, ""):
        if block not in CHOSEN and (block, key.value) not in told and ":" not in key.value:
            told.add((block, key.value))
            yield block, key, value


def _pairs(node: yaml.Node, block: str) -> Iterator[tuple[str, yaml.ScalarNode, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _pairs(child, block)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield block, key, value
            yield from _pairs(value, key.value)


def misspelt(key: str) -> str:
    """The key with its last two letters in the wrong order, or with one letter too many."""
    return key[:-2] + key[-1] + key[-2] if len(key) > 3 and key[-1] != key[-2] else key + "x"


CASES = [(file, block, key) for file in (PROGRAM, COMPANY, APPLY) for block, key, _ in keys_of(file)]


@pytest.mark.parametrize(("file", "block", "key"), CASES, ids=lambda value: getattr(value, "value", str(value)))
def test_a_misspelt_key_is_one_fault_and_mended_at_once(file, block, key):
    start, end = key.start_mark, key.end_mark
    text = sound()[file]
    broken = text[: start.index] + misspelt(key.value) + text[end.index :]

    faults = errors({**sound(), file: broken})

    assert [(fault.file, fault.line, fault.column) for fault in faults] == [
        (f"{FOLDER}/{file}", start.line + 1, start.column + 1)
    ], list(map(str, faults))
    assert reader.mended(broken, faults) == text


@pytest.mark.parametrize("file", [PROGRAM, COMPANY, APPLY])
def test_a_key_without_a_value_is_told_at_the_key(file):
    text = sound()[file]
    for _, key, value in keys_of(file):
        if isinstance(value, yaml.ScalarNode):
            broken = text[: value.start_mark.index] + "''" + text[value.end_mark.index :]
            places = {fault.line: fault.message for fault in errors({**sound(), file: broken}) if file in fault.file}
            line = key.start_mark.line + 1
            assert "has no value; write" in places.get(line, ""), (key.value, places)


def test_nearly_every_key_of_the_vocabulary_is_tried():
    assert len(CASES) >= 150
