"""`up` and `deploy`: the whole system on one machine, and its deployments on Prefect's server."""

import sys

from cohortflow.cli.words import printable
from cohortflow.operations.layout import Layout
from schemas.settings import Settings

TICK_EVERY = 600


def up(host: str, port: int, portal_port: int, tick_every: float, *, with_portal: bool) -> int:
    """Bring everything up and keep it up; 1 when something died."""
    from cohortflow.operations.up import up as run

    layout = Layout(Settings(), host, port, portal_port)
    options = ("--tick-every", str(tick_every)) if tick_every != TICK_EVERY else ()
    return run(layout, say_at_once, with_portal=with_portal, deploy_options=options)


def deploy(tick_every: float) -> None:
    """Put what prefect.yaml declares into force, and say what became of each deployment."""
    from cohortflow.operations.deploying import deploy as run

    for name, what in run(None if tick_every == TICK_EVERY else tick_every):
        say_at_once(f"{what:<10} {name}")


def say_at_once(text: str) -> None:
    """A line on the output that is there now, though the output be a file."""
    print(printable(text), flush=True)
    sys.stdout.flush()
