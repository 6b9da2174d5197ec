"""Ten invitations that may go, and what a delivery makes of them."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scenes import Scene, cohort_declared

from cohortflow.engine import plainly
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.transports import MemoryTransport, Outcome
from cohortflow.store.tables import messages
from flows.delivery import deliver_mail
from flows.house import living_in


class Shut(MemoryTransport):
    """A way that is closed."""

    def send(self, letter: Letter, at: object) -> Outcome:
        """Nothing goes."""
        return Outcome("later", "closed", 1)


def at_the_invitations(home: Path, transport: Any, **given: Any) -> Scene:
    """Ten invitations may go, over a transport."""
    scene = cohort_declared(home, transport=MemoryTransport(), **given)
    scene.now = scene.occasion("recruit.invite#1")["due_at"] + timedelta(hours=7)
    scene.house.transport = Shut()
    scene.tick()
    with scene.house.database.write() as db:
        db.execute(sa.update(messages).values(retry_at=None, not_before=scene.now))
    scene.house.transport = transport
    return scene


def delivered(scene: Scene) -> dict[str, int]:
    """How the mails of one delivery have ended."""
    with plainly(), living_in(scene.house):
        return deliver_mail(scene.now)


def states(scene: Scene) -> dict[str, int]:
    """How many mails are in which state."""
    return dict(Counter(row["state"] for row in scene.mails()))
