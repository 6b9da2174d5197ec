"""The web server around the portal: no log of addresses asked for, since they hold tokens; slow readers are let go."""

import uvicorn

from cohortflow.portal.headers import Application


def server_for(app: Application) -> uvicorn.Server:
    """A server that is told where to listen when it is run."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            server_header=False,
            lifespan="off",
            log_level="warning",
            timeout_keep_alive=15,
            limit_concurrency=200,
            h11_max_incomplete_event_size=16_384,
        )
    )
