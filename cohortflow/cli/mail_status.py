"""`cohortflow mail status`, `settle` and `resume`: counts and ids, never a person."""

import json
import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from cohortflow.cli.plan import PIPED_WIDTH
from cohortflow.cli.running import at_home
from cohortflow.cli.words import count, say, tally
from cohortflow.store import breakers, messages, overview, places, settling, suppressed
from flows.settling import plain_name, settle_all, settle_unknown
from schemas.errors import CohortflowError

OBSTACLES = {"refused": "refused", "bounced": "came back", "queued": "wait"}


def show(as_json: bool) -> int:
    """Print how mail stands; 1 when something waits for a person."""
    with at_home() as house, house.database.read() as db:
        by_cohort = messages.counts_by_cohort(db)
        found: dict[str, Any] = {
            "sending_held_because": places.sending_hold(db),
            "mails_sent_twice": overview.repeated_mails(db),
            "mails": messages.counts(db),
            "cohorts": by_cohort,
            "oldest_queued": _plain(messages.oldest_queued(db)),
            "unknown": [_plain(row) for row in settling.unknown_mails(db)],
            "obstacles": settling.obstacles(db),
            "stopped": [_plain(row) for row in breakers.open_breakers(db)],
            "lists": _plain(dict(zip(("tried_at", "read_at"), suppressed.pulls(db), strict=True))),
        }
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH), found)
    return 1 if found["unknown"] or found["stopped"] or found["sending_held_because"] else 0


def _plain(row: dict[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != "texts_hash"
    }


def print_holds(console: Console, found: dict[str, Any]) -> None:
    """That nothing is sent, and that something was sent twice: what comes before all else."""
    if found["sending_held_because"]:
        console.print(Text(f"no mail is sent: {found['sending_held_because']}", style="bold"))
        console.print(Text("  If this is the one to send from: cohortflow mail confirm-instance --by NAME"))
    if number := found["mails_sent_twice"]:
        console.print(Text(f"the provider took {count(number, 'mail')} more than once", style="bold"))


def _print(console: Console, found: dict[str, Any]) -> None:
    print_holds(console, found)
    console.print(Text(f"mails: {tally(found['mails']) if found['mails'] else 'none yet'}"))
    for cohort_id, counts in found["cohorts"].items():
        console.print(Text.assemble((f"  {cohort_id}", "bold"), f"  {tally(counts)}"))
    if oldest := found["oldest_queued"]:
        may_go = oldest["retry_at"] or oldest["not_before"]
        console.print(Text(f"oldest queued: {oldest['message_id']} of {oldest['queued_at']}, may go at {may_go}"))
    for each in found["stopped"]:
        since = f"{each['transport']} stands still since {each['tripped_at']}"
        console.print(Text(f"{since}: {each['code']}", style="bold"))
        console.print("  Mend the key or the host (another key starts by itself); `cohortflow mail resume --by NAME`.")
    for each in found["obstacles"]:
        told = f"{each['cohort_id']}: {count(each['mails'], 'mail')} {OBSTACLES[each['state']]}"
        console.print(Text(f"{told}: {each['reason'] or 'no reason is known'} (such as {each['one_of_them']})"))
    if any(each["state"] == "refused" for each in found["obstacles"]):
        console.print("  Once that is mended: `cohortflow mail settle MESSAGE --resend --by NAME`, or for all of them")
        console.print("  `cohortflow mail settle PROGRAM/COHORT --refused --resend --by NAME`.")
    tried_at, read_at = found["lists"]["tried_at"], found["lists"]["read_at"]
    if tried_at and (read_at is None or read_at < tried_at):
        console.print(Text(f"SendGrid's lists could not be read at {tried_at} (last read: {read_at or 'never'})"))
        console.print("  Mail goes all the same; `cohortflow mail pull-suppressions` says what is wrong.")
    if found["unknown"]:
        console.print(Text(f"{count(len(found['unknown']), 'mail')} of unknown fate:", style="bold"))
        for each in found["unknown"]:
            console.print(Text(f"  {each['message_id']}  {each['cohort_id']} {each['occasion']} {each['template']}"))
            console.print(Text(f"    {_known(each)}"))
        console.print("Settle each: `cohortflow mail settle MESSAGE --sent|--resend --by NAME`.")


def _known(row: dict[str, Any]) -> str:
    tried = f"attempt {row['attempts']} at {row['tried_at'] or '-'} by {row['tried_by'] or '-'}"
    return f"{tried}; unknown since {row['unknown_at'] or '-'}: {row['reason'] or 'nothing is known'}"


def settle(message_id: str, sent: bool, resend: bool, refused: bool, by: str) -> int:
    """Record an operator's word about an unknown or a refused mail, or about all of a cohort."""
    if sent == resend:
        raise CohortflowError("say either --sent (it has arrived) or --resend (it has not; send it again)")
    if refused and (sent or "/" not in message_id):
        raise CohortflowError("--refused is for a whole cohort, PROGRAM/COHORT, and only with --resend")
    with at_home():
        if "/" in message_id:
            state = "refused" if refused else "unknown"
            number = settle_all(message_id, "sent" if sent else "resend", by, state)
            say(f"{message_id}: {count(number, state + ' mail')} settled.")
            return 0
        state = settle_unknown(message_id, "sent" if sent else "resend", by)
    say(f"{message_id} is {state} now" + ("; the next tick sends it, if it is still of use." if resend else "."))
    return 0


def resume(by: str) -> int:
    """Close every breaker."""
    with at_home() as house, house.database.write() as db:
        closed = breakers.close(db, house.now(), actor=plain_name(by))
    say(f"{count(closed, 'transport')} may send again; the next tick does." if closed else "No transport stands still.")
    return 0
