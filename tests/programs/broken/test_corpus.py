"""Every broken file says what is wrong, where, and how to mend it; a reader who does just that has a sound file."""

import re
from collections.abc import Iterator

import pytest
from programs.broken import of_neighbours, of_programs, of_text, reader
from programs.broken.cases import Case
from programs.broken.good import FOLDER, errors, sound

from schemas.errors import Fault

CORPUS: list[Case] = [
    case
    for module in (of_programs, of_neighbours, of_text)
    for name, cases in vars(module).items()
    if name.isupper() and isinstance(cases, list)
    for case in cases
]
FROM_THE_MESSAGE = [case for case in CORPUS if case.cure is None]
MOST_TRIES = 2


def named(case: Case) -> str:
    """A short name of a case for the list of tests."""
    return re.sub(r"[^\w]+", " ", case.broken).strip()[:40]


def faults_of(case: Case) -> list[Fault]:
    return errors({**sound(), case.file: case.text})


def tries(case: Case) -> Iterator[list[Fault]]:
    """The errors left after each time the reader did what the messages say."""
    texts = {**sound(), case.file: case.text}
    for _ in range(MOST_TRIES):
        faults = errors(texts)
        for file in {fault.file for fault in faults}:
            name = file.removeprefix(f"{FOLDER}/")
            mended = reader.mended(texts[name], [fault for fault in faults if fault.file == file])
            assert mended is not None, f"no message says what to do: {list(map(str, faults))}"
            texts[name] = mended
        yield errors(texts)


@pytest.mark.parametrize("case", CORPUS, ids=named)
def test_a_mistake_is_told_once_where_it_stands(case):
    faults = faults_of(case)

    told = [fault for fault in faults if fault.file == f"{FOLDER}/{case.file}" and case.words in fault.message]
    assert [(fault.line, fault.column) for fault in told] == [case.place], list(map(str, faults))
    assert len(faults) <= 2, list(map(str, faults))


@pytest.mark.slow
@pytest.mark.parametrize("case", FROM_THE_MESSAGE, ids=named)
def test_the_message_alone_mends_the_file(case):
    assert any(not faults for faults in tries(case)), [list(map(str, faults)) for faults in tries(case)]


@pytest.mark.parametrize("case", [case for case in CORPUS if case.cure is not None], ids=named)
def test_the_readers_own_edit_mends_the_file(case):
    assert errors({**sound(), case.file: case.cured}) == []


def test_the_corpus_is_large_and_rests_on_a_sound_file():
    assert errors(sound()) == []
    assert len({(case.file, case.text) for case in CORPUS}) == len(CORPUS) >= 120
    assert len(FROM_THE_MESSAGE) >= 120
