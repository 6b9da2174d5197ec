"""A portal around a house with one cohort under way, and somebody who signs as SendGrid does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from provider import Signer
from scenes import Scene, enter


@pytest.fixture(scope="session")
def signer() -> Signer:
    """The holder of the key that the portal knows."""
    return Signer()


@pytest.fixture
def scene(tmp_path: Path, signer: Signer) -> Iterator[Scene]:
    """Pulses are out: everybody got several mails, and the transport has accepted them."""
    opened = enter("checking_in", tmp_path, sendgrid_webhook_key=signer.public)
    yield opened
    opened.close()
