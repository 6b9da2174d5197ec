"""Who decides and who is asked: the mailbox, the sponsor, and what happens when nobody answers."""

from collections.abc import Iterator

from cohortflow.programs.lints.views import Page, is_standard
from schemas.errors import Fault

_WAITING = {
    "approve": ("nobody approves the matches", "remind_then_hold"),
    "accept": ("one of a match never answers", "remind_then_ask_owner"),
}


def people_faults(page: Page) -> Iterator[Fault]:
    """What is odd about the people of a program."""
    yield from _same_person(page)
    yield from _same_approver(page)
    yield from _silent(page)
    yield from _no_by_silence(page)


def _same_person(page: Page) -> Iterator[Fault]:
    owner, sponsor = page.text("owner"), page.text("sponsor")
    if owner and owner.casefold() == sponsor.casefold():
        message = (
            "is the owner as well, so nobody but the owner would read how the program went; write the address of the "
            "person who pays for it, or remove the line"
        )
        yield page.tell(("sponsor",), message)


def _same_approver(page: Page) -> Iterator[Fault]:
    block, seen = page.get("approvers"), set[str]()
    for _, node in block.children() if block else ():
        address = node.value.strip().casefold() if isinstance(node.value, str) else ""
        if address in seen:
            message = "stands here twice, and would be asked twice; keep one of the two"
            yield page.tell(node.path, message)
        seen.add(address)


def _silent(page: Page) -> Iterator[Fault]:
    """Whoever writes a time limit should say what happens when it passes; the standard's choice is told."""
    for key, (when, standard) in _WAITING.items():
        block, said = page.get("stages", "match", key), page.get("stages", "match", key, "if_silent")
        if block is None or is_standard(block) or not is_standard(said):
            continue
        taken = said.value if said is not None else standard
        message = (
            f"does not say what happens when {when}; the standard counts: write if_silent: {taken}, or another of "
            "remind_then_hold, remind_then_ask_owner, remind_then_decline, proceed"
        )
        yield page.tell(("stages", "match", key), message)


def _no_by_silence(page: Page) -> Iterator[Fault]:
    """An approver who is away is no reason to end every match before anybody has heard of it."""
    path = ("stages", "match", "approve", "if_silent")
    if page.text(*path) == "remind_then_decline":
        message = (
            "ends no match here: the owner is told and everything waits for a yes, however late; write "
            "if_silent: remind_then_hold, which says so"
        )
        yield page.tell(path, message)
