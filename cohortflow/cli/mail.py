"""The commands `mail ...`, their options and their help; other files add theirs to the same group."""

from typing import Annotated

import typer

mail = typer.Typer(help="See how mail stands, and settle what nobody can say of it.", no_args_is_help=True)
Name = Annotated[str, typer.Option("--by", metavar="NAME", help="who says so, by a plain name or role; no address")]
Cohort = Annotated[str, typer.Argument(metavar="PROGRAM/COHORT", help="such as emerging-leaders/2027-spring")]


@mail.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="as JSON, for other programs")] = False) -> None:
    """Show mails by state and cohort, the oldest queued one, and every mail whose fate is unknown."""
    from cohortflow.cli.mail_status import show

    raise typer.Exit(show(as_json))


@mail.command()
def settle(
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="its id, as `mail status` names it; or PROGRAM/COHORT, for all")
    ],
    by: Name,
    sent: Annotated[bool, typer.Option("--sent", help="it has arrived; it counts as accepted")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="it has not arrived; send it again")] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="of a cohort, all that was refused; once the cause is mended")
    ] = False,
) -> None:
    """Say what became of a mail whose fate is unknown, or send a refused one again. Recorded with your name."""
    from cohortflow.cli.mail_status import settle as run

    raise typer.Exit(run(message, sent, resend, refused, by))


@mail.command()
def resume(by: Name) -> None:
    """Let a transport send again that stopped because it was turned away, once the key or the host is mended."""
    from cohortflow.cli.mail_status import resume as run

    raise typer.Exit(run(by))


@mail.command("test")
def test(
    cohort: Cohort,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="the one address that gets them")],
    message: Annotated[str, typer.Option("--message", metavar="NAME", help="such as invite; all if left out")] = "",
    language: Annotated[str, typer.Option("--language", metavar="xx")] = "",
) -> None:
    """Send samples to yourself through the real transport: marked [TEST], links switched off, nobody else reached."""
    from cohortflow.cli.mail_samples import send_samples

    send_samples(cohort, to, message, language)


@mail.command("pull-suppressions")
def pull_suppressions() -> None:
    """Learn from SendGrid which addresses bounced, complained or unsubscribed, so that none is written to."""
    from cohortflow.cli.mail_suppressions import pull

    pull()


@mail.command()
def allow(
    who: Annotated[str, typer.Argument(metavar="WHO", help="an address that is barred, or a person's id")],
    by: Name,
    although_reported: Annotated[
        bool, typer.Option("--although-reported", help="they had reported a mail as spam, and ask for mail again")
    ] = False,
) -> None:
    """Write again to an address that was barred, or take back what a person has refused. Recorded with your name."""
    from cohortflow.cli.mail_allowing import allow as run

    raise typer.Exit(run(who, by, although_reported))


@mail.command("confirm-instance")
def confirm_instance(
    by: Name,
) -> None:
    """Say that this database is the one to send from, after it was copied, moved or restored."""
    from cohortflow.cli.mail_instance import confirm

    confirm(by)
