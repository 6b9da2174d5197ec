"""The commands `new` and `new cohort`, their options and their help."""

from typing import Annotated

import typer

new = typer.Typer(help="Write a new program, or a new cohort of one.", invoke_without_command=True)
Day = Annotated[str, typer.Option("--starts", metavar="DATE", help="the first day of the cohort, YYYY-MM-DD")]
End = Annotated[str, typer.Option("--ends", metavar="DATE", help="its last day; half a year later if left out")]


@new.callback()
def program(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="what people read in every mail")] = "",
    kind: Annotated[str, typer.Option("--type", metavar="KIND", help="one_on_one, reverse, group, peer or micro")] = "",
    owner: Annotated[str, typer.Option("--owner", metavar="ADDRESS", help="the mailbox that answers people")] = "",
    approver: Annotated[
        list[str] | None, typer.Option("--approver", metavar="ADDRESS", help="who approves the matches; repeatable")
    ] = None,
    starts: Day = "",
    seats: Annotated[str, typer.Option("--seats", metavar="N", help="how many mentees can take part")] = "",
    ends: End = "",
    purpose: Annotated[str, typer.Option("--purpose", metavar="TEXT", help="one line; the invitation says it")] = "",
    program_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="the name of the file; made from the name if left out")
    ] = "",
) -> None:
    """Write a new program: six questions, or their options, and a file that passes `check`."""
    if context.invoked_subcommand:
        return
    from cohortflow.cli.new import Told, write_program

    approvers = " ".join(approver or [])
    write_program(Told(name, kind, owner, approvers, starts, seats, ends, program_id, purpose))


@new.command()
def cohort(
    named: Annotated[str, typer.Argument(metavar="PROGRAM", help="an id or a file")],
    starts: Day,
    ends: Annotated[str, typer.Option("--ends", metavar="DATE", help="as long as the last cohort if left out")] = "",
    seats: Annotated[
        int | None, typer.Option("--seats", metavar="N", min=1, help="as many as the last cohort if left out")
    ] = None,
    key: Annotated[str, typer.Option("--key", metavar="KEY", help="2027-spring and the like if left out")] = "",
) -> None:
    """Add a cohort to a program's file; every other sign of the file stays as it is."""
    from cohortflow.cli.new_cohort import add_cohort

    add_cohort(named, starts, ends, seats, key)
