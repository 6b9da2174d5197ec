"""The portal as a process of its own, spoken to over a socket."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from provider import Signer, body_of, event
from scenes import Scene

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture
def address(scene: Scene, signer: Signer) -> Iterator[str]:
    """Where a portal of this scene's home listens."""
    command = [sys.executable, "-m", "cohortflow.cli.main", "portal", "--port", "0"]
    told = {"COHORTFLOW_HOME": str(scene.home), "COHORTFLOW_SENDGRID_WEBHOOK_KEY": signer.public}
    running = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert running.stdout is not None
    line = running.stdout.readline()
    assert "listens at" in line, line + running.stdout.read()
    yield line.split("listens at ")[1].split(";")[0]
    running.send_signal(signal.SIGINT)
    shown = running.stdout.read()
    assert running.wait(30) in (0, -signal.SIGINT, 130)
    assert "/unsubscribe/" not in shown, "an address asked for holds a token"


def test_a_post_over_the_wire_is_believed_once(scene: Scene, signer: Signer, address: str) -> None:
    (mail, *_) = scene.mails("pulse")
    (person,) = scene.rows("people", person_id=mail["person_id"])
    body = body_of(event(mail["message_id"], person["email"]))

    with httpx.Client(base_url=address, timeout=30) as client:
        assert client.get("/health").json()["healthy"] is True
        answers = [client.post("/webhooks/sendgrid", content=body, headers=signer.headers(body)) for _ in range(3)]
        forged = client.post("/webhooks/sendgrid", content=body, headers=signer.headers(body + b" "))
        client.get("/unsubscribe/a-token")
        chunked = client.post("/webhooks/sendgrid", content=(b" " * 65_536 for _ in range(32)))

    assert [answer.json() for answer in answers] == [{"taken": 1}, {"seen before": 1}, {"seen before": 1}]
    assert (forged.status_code, chunked.status_code) == (403, 413)
    assert scene.mails("pulse", mail["person_id"])[0]["state"] == "delivered"
