"""SendGrid's side of the webhook, for tests: a key pair that signs, events as it writes them, and a way to post them."""

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cohortflow.portal.app import create_portal
from flows.house import House

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
FIRST_SECOND = 1_800_000_000


@dataclass
class Signer:
    """A key pair; `public` is how SendGrid shows its half."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> str:
        """The public key as base64 on one line."""
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def headers(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """The two headers over a body."""
        timestamp = str(int(time.time() if at is None else at))
        signature = self.key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: timestamp}


def event(message_id: str, email: str, kind: str = "delivered", second: int = 0, **other: Any) -> dict[str, Any]:
    """One event, as SendGrid writes it."""
    told = {
        "email": email, "timestamp": FIRST_SECOND + second, "event": kind, "sg_event_id": f"e{second}",
        "sg_message_id": f"sg-{message_id}.recvd", "smtp-id": "<x@y>", "cohortflow_message_id": message_id,
    }  # fmt: skip
    return {**told, **other}


def body_of(*events: dict[str, Any]) -> bytes:
    """A post's body, spaced as no parser would write it again."""
    return json.dumps(list(events), indent=1).encode()


def ask(house: House, method: str, path: str, **given: Any) -> httpx.Response:
    """One request to a house's portal, in this process."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_portal(house), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
            return await client.request(method, path, **given)

    return asyncio.run(once())


def post(house: House, signer: Signer, *events: dict[str, Any], **headers: str) -> httpx.Response:
    """Events, signed and posted."""
    body = body_of(*events)
    return ask(house, "POST", "/webhooks/sendgrid", content=body, headers={**signer.headers(body), **headers})
