"""Who decides and who is asked: the mailbox, the sponsor, and what happens when nobody answers."""

from collections.abc import Iterator
from typing import get_args

from cohortflow.programs.lints.views import Page, is_standard
from schemas.errors import Fault
from schemas.stages import Accept, Approve

_WAITING: dict[str, tuple[str, str, type[Approve | Accept]]] = {
    "approve": ("nobody approves the matches", "remind_then_hold", Approve),
    "accept": ("one of a match never answers", "remind_then_ask_owner", Accept),
}


def people_faults(page: Page) -> Iterator[Fault]:
    """What is odd about the people of a program."""
    yield from _same_person(page)
    yield from _same_approver(page)
    yield from _silent(page)


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
    for key, (when, standard, block_of) in _WAITING.items():
        block, said = page.get("stages", "match", key), page.get("stages", "match", key, "if_silent")
        if block is None or is_standard(block) or not is_standard(said):
            continue
        taken = said.value if said is not None else standard
        message = (
            f"does not say what happens when {when}; the standard counts: write if_silent: {taken}, or another of "
            + ", ".join(get_args(block_of.model_fields["if_silent"].annotation))
        )
        yield page.tell(("stages", "match", key), message)
