"""The command line: every command, its options and its help; what a command does is imported when it is called."""

import gc
import os
import sys
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from cohortflow.cli.errors import spoken
from cohortflow.cli.mail import mail
from cohortflow.cli.new_group import new


class Spoken(TyperGroup):
    """A group whose commands end with a plain message when something is wrong."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with spoken():
            return super().invoke(ctx)


app = typer.Typer(
    name="cohortflow",
    cls=Spoken,
    help="Workflow-as-code for mentorship programs: one YAML file per program carries every cohort through its life.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(new, name="new")
app.add_typer(mail, name="mail")

CohortName = Annotated[str, typer.Argument(metavar="PROGRAM/COHORT", help="such as emerging-leaders/2027-spring")]
Json = Annotated[bool, typer.Option("--json", help="as JSON, for other programs")]
By = Annotated[str, typer.Option("--by", metavar="ADDRESS", help="the address of an approver of the program")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="the same seed gives the same files")]


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="all programs, if none is named")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for faults in program files; exit 1 when there are any."""
    from cohortflow.cli.check import check as run
    from schemas.settings import Settings

    settings = Settings()
    raise typer.Exit(run(files or [], settings.programs, settings.templates, as_json, settings.home))


@app.command()
def plan(
    named: Annotated[str, typer.Argument(metavar="[PROGRAM/COHORT]", help="an id or a file, and a cohort of it")] = "",
    defaults: Annotated[bool, typer.Option("--defaults", help="the program with all it leaves out")] = False,
    as_json: Json = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="write it as a calendar page too")] = None,
    difference: Annotated[
        bool, typer.Option("--difference", help="only what changes, of one cohort or of all")
    ] = False,
) -> None:
    """Show every date and mail of a cohort, and what it changes; exit 2 when an approver must confirm that."""
    if difference:
        from cohortflow.cli.comparing import compare

        raise typer.Exit(compare(named, as_json))
    from cohortflow.cli.planning import show

    raise typer.Exit(show(named, defaults, as_json, html))


@app.command()
def schema(
    of_company: Annotated[bool, typer.Option("--company", help="of company.yaml")] = False,
    of_forms: Annotated[bool, typer.Option("--form", help="of a form")] = False,
    docs: Annotated[bool, typer.Option("--docs", help="every key explained, as Markdown")] = False,
    write: Annotated[bool, typer.Option("--write", help="write all three beside the programs, for editors")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="write it here")] = None,
) -> None:
    """Print the JSON Schema by which an editor helps to write a program, company.yaml or a form."""
    from cohortflow.cli.schema import chosen, refresh, show

    kind = chosen(of_company, of_forms, docs, write, out)
    if kind is None:
        refresh()
    else:
        show(kind, out)


@app.command()
def tick() -> None:
    """Do one pass in this process: take files in, do what is ready, send what may go. Late or twice is harmless."""
    from cohortflow.cli.running import tick as run

    raise typer.Exit(run())


@app.command()
def up(
    port: Annotated[int, typer.Option("--port", metavar="N", help="of Prefect's pages")] = 4200,
    portal_port: Annotated[int, typer.Option("--portal-port", metavar="N", help="of the participants' pages")] = 8080,
    metrics_port: Annotated[
        int, typer.Option("--metrics-port", metavar="N", help="of the figures for watchers")
    ] = 9188,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="another one needs PREFECT_SERVER_API_AUTH_STRING")
    ] = "127.0.0.1",
    tick_every: Annotated[
        float, typer.Option("--tick-every", metavar="SECONDS", min=1, help="another pace, to try things out")
    ] = 600,
    demo: Annotated[bool, typer.Option("--demo", help="a made-up company in a home of its own, to watch")] = False,
) -> None:
    """Bring up everything on this machine (Prefect, a worker, the pages), and keep it up until Ctrl-C."""
    from cohortflow.cli.operating import up as run

    raise typer.Exit(run(host, (port, portal_port, metrics_port), tick_every, demo=demo))


@app.command()
def deploy(
    tick_every: Annotated[
        float, typer.Option("--tick-every", metavar="SECONDS", min=1, help="another pace, to try things out")
    ] = 600,
    demo: Annotated[bool, typer.Option("--demo", hidden=True)] = False,
) -> None:
    """Put prefect.yaml into force on Prefect's server. Twice changes nothing; what an operator paused stays paused."""
    from cohortflow.cli.operating import deploy as run

    run(tick_every, demo)


@app.command()
def doctor(
    part: Annotated[str, typer.Argument(metavar="[mail]", help="look at the mail alone")] = "",
    as_json: Json = False,
) -> None:
    """Look at everything a running installation needs, and say how to mend what is wrong; exit 1 when anything is."""
    from cohortflow.cli.operating import doctor as run

    raise typer.Exit(run(part, as_json))


@app.command()
def metrics(
    port: Annotated[int, typer.Option("--port", metavar="N", help="on 127.0.0.1")] = 9188,
) -> None:
    """Answer watchers: /health/tick (200 while ticks end well, else 503) and /metrics for Prometheus."""
    from cohortflow.cli.operating import metrics as run

    run(port)


@app.command()
def status(
    named: Annotated[str, typer.Argument(metavar="[PROGRAM/COHORT]", help="one cohort, with its occasions")] = "",
    as_json: Json = False,
) -> None:
    """Show how the cohorts stand, what comes next, and what is in the way."""
    from cohortflow.cli.status import show

    raise typer.Exit(show(named, as_json))


@app.command()
def approve(
    cohort: CohortName,
    by: By,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="why, for the record; no names")] = "",
) -> None:
    """Approve the matches that are proposed: the one act that is left to a person."""
    from cohortflow.cli.running import approve as run

    run(cohort, by, note)


@app.command()
def confirm(
    cohort: CohortName,
    by: By,
    edit: Annotated[str, typer.Option("--edit", metavar="MARK", help="the edit that is meant, by its mark")] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="why, for the record; no names")] = "",
) -> None:
    """Say yes to the edit of a running cohort that waits for an approver; exit 2 when it is shown anew instead."""
    from cohortflow.cli.confirming import confirm as run

    raise typer.Exit(run(cohort, by, edit, note))


@app.command()
def hold(
    cohort: CohortName,
    by: By,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why, for the owner; no names")] = "",
) -> None:
    """Stop a cohort: nothing falls due and no mail goes until it is resumed. Answers are still taken."""
    from cohortflow.cli.running import hold as run

    run(cohort, by, reason)


@app.command()
def resume(
    cohort: CohortName,
    by: By,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why, for the record; no names")] = "",
    compress: Annotated[
        bool, typer.Option("--compress", help="for a cohort declared late: do at once what is overdue")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what would go out")] = False,
) -> None:
    """Let a held cohort go on where it stopped."""
    from cohortflow.cli import running

    if dry_run:
        running.show_resume(cohort, by, compress)
    else:
        running.resume(cohort, by, reason, compress)


@app.command()
def skip(
    cohort: CohortName,
    occasion: Annotated[str, typer.Argument(metavar="OCCASION", help="such as recruit.reminder#2")],
    by: By,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why, for the record; no names")] = "",
) -> None:
    """Let one mail of a cohort not go; everything else keeps its date."""
    from cohortflow.cli.running import skip as run

    run(cohort, occasion, by, reason)


@app.command()
def rematch(
    cohort: CohortName,
    by: By,
    match: Annotated[
        str | None, typer.Option("--match", metavar="ID", help="end this match first; both are told")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why, for the record; no names")] = "",
) -> None:
    """Look for new partners for everybody who waits, or end one match and look for its two people."""
    from cohortflow.cli.running import rematch as run

    run(cohort, by, match, reason)


@app.command()
def export(
    cohort: CohortName,
    by: By,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="why, for the record; no names")] = "",
) -> None:
    """Write pairs, people by id, mails, occasions, history and report of a cohort under var/exports/."""
    from cohortflow.cli.running import export as run

    run(cohort, by, reason)


@app.command()
def answer(
    file: Annotated[Path, typer.Option("--csv", metavar="FILE", help="an export of another form tool")],
    cohort: Annotated[str, typer.Option("--cohort", metavar="PROGRAM/COHORT")],
    form: Annotated[str, typer.Option("--form", metavar="NAME", help="the form that was filled in, such as apply")],
    occasion: Annotated[
        str, typer.Option("--occasion", metavar="KEY", help="what it answers, such as check_in#2; found if left out")
    ] = "",
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="'HEADER=QUESTION'", help="a column by its header; repeatable")
    ] = None,
) -> None:
    """Take in answers from a file; rows that nobody can be found for go to quarantine."""
    from cohortflow.cli.answering import take_in

    raise typer.Exit(take_in(file, cohort, form, occasion, columns or []))


@app.command()
def quarantine(
    out: Annotated[Path | None, typer.Option("--out", metavar="CSV", help="a file to write all of it to")] = None,
    every: Annotated[bool, typer.Option("--all", help="of earlier rosters, too")] = False,
    as_json: Json = False,
) -> None:
    """Show which rows and cells of the newest files could not be used, and why."""
    from cohortflow.cli.quarantine import show

    show(out, every, as_json)


@app.command()
def preview(
    cohort: CohortName,
    message: Annotated[str, typer.Option("--message", metavar="NAME", help="such as invite or meet_your_match")] = "",
    person: Annotated[str, typer.Option("--person", metavar="ID", help="an employee id; a sample reader if none")] = "",
    language: Annotated[str, typer.Option("--language", metavar="xx")] = "",
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="write the HTML part here")] = None,
    gallery: Annotated[
        Path | None, typer.Option("--gallery", metavar="FILE", help="every mail, language and kind of reader on a page")
    ] = None,
) -> None:
    """Show a mail as it would be sent. Nothing is sent, and nothing is written to the database."""
    from cohortflow.cli.previewing import show, show_all

    if gallery is not None:
        show_all(cohort, gallery)
    else:
        show(cohort, message, person, language, html)


@app.command()
def portal(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="where to listen")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65_535, help="0 takes any that is free")
    ] = 8080,
    metrics_port: Annotated[
        int,
        typer.Option("--metrics-port", metavar="N", min=0, max=65_535, help="also answer watchers there; 0: do not"),
    ] = 0,
) -> None:
    """Serve what links in mails lead to, and what the mail provider posts to; runs until it is stopped."""
    from cohortflow.cli.serving import serve

    serve(host, port, metrics_port)


@app.command()
def company(
    people: Annotated[int, typer.Option("--people", metavar="N", min=1, max=200_000)],
    out: Annotated[Path, typer.Option("--out", metavar="DIR")],
    seed: Seed = 1,
    on: Annotated[
        datetime | None, typer.Option("--on", metavar="DATE", formats=["%Y-%m-%d"], help="the first day; today if none")
    ] = None,
) -> None:
    """Write the roster of a synthetic company as an HR system exports it, and those of the months after."""
    from cohortflow.cli.simulating import write_rosters

    write_rosters(people, seed, out, on.date() if on else None)


@app.command()
def simulate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="a program: an id or a file")],
    cohort: Annotated[str, typer.Option("--cohort", metavar="ID", help="such as 2027-spring")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR")],
    people: Annotated[Path | None, typer.Option("--people", metavar="CSV", help="a roster of your own")] = None,
    staff: Annotated[
        int, typer.Option("--company", metavar="N", min=10, max=200_000, help="people in a made-up one")
    ] = 600,
    seed: Seed = 1,
    engine: Annotated[Literal["plain", "prefect"], typer.Option("--engine", help="both give the same files")] = "plain",
) -> None:
    """Live through a whole cohort in seconds, with robots for people, and write what became of it."""
    from cohortflow.cli.simulating import simulate as run

    run(file, cohort, out, people=people, company=staff, seed=seed, engine=engine)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR")] = Path("out/demo"),
    seed: Seed = 7,
    engine: Annotated[
        Literal["plain", "prefect"], typer.Option("--engine", help="both give the same files")
    ] = "prefect",
) -> None:
    """Carry a cohort of 60 through its whole life, by Prefect's own engine, in a minute or two."""
    from cohortflow.cli.simulating import demo as run

    run(out, seed, engine)


def main() -> None:
    """The command `cohortflow`. What does not run by Prefect does not wait for it to load."""
    if not any("prefect" in word or word in ("demo", "deploy") for word in sys.argv[1:]):
        os.environ.setdefault("COHORTFLOW_ENGINE", "plain")
    # Nothing here is a plugin of pydantic; looking for some reads the papers of every package there is.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Frames and statements make much that is collected by counting alone; looking for cycles as often as Python does by
    # itself costs a simulation a fifth of its time and spares it no memory.
    gc.set_threshold(100_000, 20, 100)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that this terminal cannot show ends no command
    app()


if __name__ == "__main__":
    main()
