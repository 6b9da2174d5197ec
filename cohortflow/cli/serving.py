"""`cohortflow portal`: the pages and the webhook, served until somebody stops it."""

import socket
import threading

import uvicorn

from cohortflow.cli.errors import tell
from cohortflow.cli.running import at_home
from cohortflow.cli.words import say
from cohortflow.portal.app import create_portal
from cohortflow.portal.serving import server_for
from flows.house import House
from schemas.errors import CohortflowError


def serve(host: str, port: int, metrics_port: int = 0) -> None:
    """Listen until a signal comes.

    Args:
        metrics_port: where watchers on this machine are answered, apart from the pages, which the world may see.

    Raises:
        CohortflowError: nobody may listen there.
    """
    with at_home(begins=True) as house, _listening(host, port) as listener:
        if not house.settings.sendgrid_webhook_key:
            tell("COHORTFLOW_SENDGRID_WEBHOOK_KEY is not set: every post of the mail provider is refused.")
        listener.listen()  # before it is said, so that whoever reads the line can connect at once
        shown = f"[{host}]" if ":" in host else host
        say(f"The portal listens at http://{shown}:{listener.getsockname()[1]}; Ctrl-C stops it.")
        if metrics_port:
            _answer_watchers(house, metrics_port)
        server: uvicorn.Server = server_for(create_portal(house))
        server.run(sockets=[listener])


def _answer_watchers(house: House, port: int) -> None:
    from cohortflow.operations.watching import watching_app

    listener = _listening("127.0.0.1", port)
    watchers = server_for(watching_app(lambda: house.database))
    threading.Thread(target=watchers.run, kwargs={"sockets": [listener]}, daemon=True).start()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise CohortflowError(f"cannot listen at {host}:{port}: {problem.strerror}; choose another --port") from None
    return listener
