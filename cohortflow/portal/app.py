"""The portal: an application that answers providers and, by links in their mail, people."""

import logging

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from cohortflow.portal.headers import Application, with_headers
from cohortflow.portal.unsubscribing import unsubscribing
from cohortflow.portal.webhooks import webhooks
from cohortflow.store import instances
from flows.house import House
from schemas.errors import CohortflowError

logger = logging.getLogger("cohortflow.portal")


def create_portal(house: House) -> Application:
    """The portal of a house. It tells nothing of itself: no pages about its interface, no traces of faults."""
    app = FastAPI(title="Cohortflow", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(webhooks(house))
    app.include_router(unsubscribing(house))

    @app.api_route("/health", methods=["GET", "HEAD"])
    def health() -> JSONResponse:
        try:
            with house.database.read() as db:
                last = instances.last_tick(db)
        except CohortflowError:
            return JSONResponse({"healthy": False}, 503)
        return JSONResponse({"healthy": True, "last_tick_at": last.isoformat(timespec="seconds") if last else None})

    app.add_exception_handler(HTTPException, _plainly)
    app.add_exception_handler(Exception, _fault_of_ours)
    return with_headers(app)


async def _plainly(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return PlainTextResponse(str(problem.detail), problem.status_code, headers=problem.headers)


async def _fault_of_ours(request: Request, problem: Exception) -> Response:
    # Only its kind: an error of a library may quote what somebody sent.
    logger.error("a request failed: %s", type(problem).__name__)
    return PlainTextResponse("Something went wrong here; nothing was changed. Please try again later.", 500)
