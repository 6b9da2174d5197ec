"""`up`, `deploy`, `doctor` and `metrics`: the system on one machine, its deployments, and whether it is well."""

import json
import os
import sys
from dataclasses import asdict

from cohortflow.cli.words import printable
from cohortflow.operations.layout import Layout
from schemas.errors import CohortflowError
from schemas.settings import Settings

TICK_EVERY = 600


def up(host: str, ports: tuple[int, int, int], tick_every: float, *, demo: bool) -> int:
    """Bring everything up and keep it up; 1 when something died.

    Args:
        ports: of Prefect's pages, the participants' pages, and the figures for watchers.
    """
    from cohortflow.operations.up import up as run

    layout = Layout(Settings(), host, *ports)
    options = ["--tick-every", str(tick_every)] if tick_every != TICK_EVERY else []
    if demo:
        from cohortflow.operations.demo import demo_environment, demo_settings, prepare_demo

        settings = demo_settings(layout.settings)
        layout = Layout(settings, host, *ports, demo_environment(settings, os.environ))
        options += ["--demo"]
        return run(
            layout, say_at_once, deploy_options=options,
            before=lambda: say_at_once(f"Demonstration: {prepare_demo(settings)} in {settings.home}"),
        )  # fmt: skip
    return run(layout, say_at_once, deploy_options=options)


def deploy(tick_every: float, demo: bool) -> None:
    """Put what prefect.yaml declares into force, and say what became of each deployment."""
    from cohortflow.operations.deploying import deploy as run

    for name, what in run(None if tick_every == TICK_EVERY else tick_every, Settings(), demo):
        say_at_once(f"{what:<10} {name}")


def doctor(part: str, as_json: bool) -> int:
    """Examine the installation the environment describes, or its mail alone; 1 when something is wrong.

    Raises:
        CohortflowError: there is no such part.
    """
    from cohortflow.cli.doctor_mail import mail_findings
    from cohortflow.operations.doctor import Patient, examine

    if part not in ("", "mail"):
        raise CohortflowError(f"doctor knows no part {part!r}; write `cohortflow doctor` or `cohortflow doctor mail`")
    settings = Settings()
    found = mail_findings(settings) if part else examine(Patient(settings, os.environ), (mail_findings,))
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
    else:
        for each in found:
            say_at_once(f"{each.verdict:<5} {each.name}: {each.sentence}")
            if each.cure:
                say_at_once(f"      {each.cure}")
    return 1 if any(each.verdict == "fail" for each in found) else 0


def metrics(port: int) -> None:
    """Answer watchers until Ctrl-C."""
    import uvicorn

    from cohortflow.operations.watching import watching_app
    from cohortflow.store.database import open_database
    from cohortflow.store.schema import migrate

    settings = Settings()
    database = open_database(settings.database, timeout=settings.database_timeout)
    migrate(database)
    uvicorn.run(watching_app(lambda: database), host="127.0.0.1", port=port, log_level="warning")


def say_at_once(text: str) -> None:
    """A line on the output that is there now, though the output be a file."""
    print(printable(text), flush=True)
    sys.stdout.flush()
