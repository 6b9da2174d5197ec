"""A small town whose mail leaves through the fake SendGrid: what that took, and what an operator makes of it."""

import time
from collections import Counter

from invariants import check_invariants
from post_office import PostOffice
from small_town import OnDisk, Town, until

from cohortflow.engine import plainly
from flows.house import House, living_in, open_house
from flows.settling import settle_unknown


def accepted(office: PostOffice) -> list[str]:
    """The ids of the mails that it took, each as often as it took it."""
    return list(office.record()["accepted"])


def insist(town: Town, office: PostOffice, *, finished: bool) -> None:
    """Nothing was taken twice; what counts as accepted was taken, what was taken counts so or is named as in doubt."""
    taken = Counter(accepted(office))
    assert set(taken.values()) <= {1}
    told = {row["message_id"]: row["state"] for row in town.rows("messages")}
    assert {each for each, state in told.items() if state == "accepted"} <= set(taken)
    assert {told[each] for each in taken} <= {"accepted", "unknown"}
    house = House(town.settings, town.database, OnDisk(handed=list(taken)))
    check_invariants(house, finished=finished)


def tick_until_quiet(town: Town) -> None:
    """Tick on until no mail waits or is held by the dead."""
    for _ in range(8):
        if not town.count("messages", state="queued") + town.count("messages", state="sending"):
            return
        until("the leases have run out", lambda: not leases_left(town), seconds=30)
        assert town.tick().code == 0, town.told()
        town.let_a_while_pass()
    raise AssertionError(town.told())


def leases_left(town: Town) -> bool:
    """Whether somebody who is gone still holds a mail or an occasion."""
    return any((row["lease_until"] or 0) > time.time() for name in ("messages", "occasions") for row in town.rows(name))


def settle_by_the_record(town: Town, office: PostOffice) -> int:
    """An operator looks at SendGrid's own pages, and says of each mail in doubt whether it left; how many there were."""
    doubtful, taken = town.rows("messages", state="unknown"), set(accepted(office))
    house = open_house(town.settings)
    with plainly(), living_in(house):
        for row in doubtful:
            verdict = "sent" if row["message_id"] in taken else "resend"
            settle_unknown(row["message_id"], verdict, "role:operator")
    house.database.close()
    return len(doubtful)
