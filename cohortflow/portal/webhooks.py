"""Where SendGrid posts what became of mail. Nothing is read before the signature holds, nothing stored by halves."""

import logging
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from cohortflow.mailroom.provider_posts import LARGEST_POST, Malformed, is_authentic, read_post
from cohortflow.portal.bodies import TooLarge, read_body
from cohortflow.store import provider_events
from flows.house import House

logger = logging.getLogger("cohortflow.portal")
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"


def webhooks(house: House) -> APIRouter:
    """The routes that providers post to."""
    routes = APIRouter()

    @routes.post("/webhooks/sendgrid")
    async def sendgrid(request: Request) -> JSONResponse:
        try:
            body = await read_body(request, LARGEST_POST)
        except TooLarge:
            return _refused(413, "the body is larger than a megabyte")
        signature, timestamp = request.headers.get(SIGNATURE, ""), request.headers.get(TIMESTAMP, "")
        return await run_in_threadpool(_take_in, house, body, signature, timestamp)

    return routes


def _take_in(house: House, body: bytes, signature: str, timestamp: str) -> JSONResponse:
    key = house.settings.sendgrid_webhook_key
    # The provider signs by the real time, whatever the instance clock shows.
    if not is_authentic(body, signature, timestamp, key, datetime.now(UTC)):
        return _refused(403, "not signed by the key that is known here, or too long ago")
    try:
        events, odd = read_post(body)
    except Malformed as problem:
        return _refused(400, str(problem))
    if odd:
        logger.warning("%d events of a post made no sense and were set aside", odd)
    now = house.now()
    with house.database.write() as db:
        counted = provider_events.take_in(db, events, now)
    return JSONResponse(dict(counted) | {"odd": odd} if odd else counted)


def _refused(status: int, reason: str) -> JSONResponse:
    logger.warning("a post about mail was refused with %d: %s", status, reason)
    return JSONResponse({"refused": reason}, status)
