"""Which mail a name means, and that mail written to a reader who is plainly made up, by the files alone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cohortflow.cli.finding import nearest
from cohortflow.cli.sample_cases import MADE_UP, Case
from cohortflow.mailroom.attachments import Attachment, Method, calendar_invitation, certificate, contact_card
from cohortflow.mailroom.contexts import Meeting, Reader, Role, build_context
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.words import Phrasebook, Words
from cohortflow.programs.cohorts import Cohort
from cohortflow.programs.occasions import event_of
from cohortflow.programs.refusing import scope_of
from schemas.errors import CohortflowError
from schemas.forms import choice_labels
from schemas.occasions import Occasion
from schemas.phrases import STAGES, Attach
from schemas.settings import Settings
from schemas.stages import MailLine
from tasks.deadlines import deadline_of

ROLE_OF = {"managers of matched": "manager", "owner": "owner", "approvers": "approver", "sponsor": "sponsor"}
TO_APPROVERS = ("approval_request", "approval_reminder", "rematch_approval_request", "edit_waiting")
TO_OWNER = (
    "approval_overdue", "accept_overdue", "cohort_held", "declared_late", "program_fault", "roster_held",
    "match_shortfall", "report_ready", "at_risk_digest", "accept_lapsed_digest",
)  # fmt: skip
OF_AN_INVITATION: dict[str, Method] = {"invitation_moved": "REQUEST", "invitation_cancelled": "CANCEL"}
ADDRESS = "sam.sample@example.org"


@dataclass(frozen=True)
class Asked:
    """The mail that is meant: where its text lies, which stage it belongs to, and who gets it."""

    folder: str
    send: str
    role: Role
    attach: Attach | None = None
    n: int = 0
    attached_in: str = ""
    method: Method = "REQUEST"

    @property
    def stage(self) -> str:
        """The stage whose dates count."""
        return self.attached_in or ("match" if self.folder == "program" else self.folder)


def asked_for(cohort: Cohort, named: str, stationery: Stationery) -> Asked:
    """The mail of a name: one that the program declares, else one of those the system itself sends.

    Raises:
        CohortflowError: there is none; the nearest names are told.
    """
    folder, _, send = named.rpartition("/")
    declared = [(stage, line) for stage in STAGES for line in getattr(cohort.program.stages, stage).emails]
    for stage, line in declared:
        if line.send == send and folder in ("", stage):
            role = ROLE_OF.get(str(line.to), "mentee")
            return Asked(stage, send, role, line.attach, int(stage == "check_in"))  # type: ignore[arg-type]
    own = [name for where, name in stationery.messages() if where == "program"]
    if send in OF_AN_INVITATION:
        return _of_an_invitation(declared, send)
    if send in own:
        role = "approver" if send in TO_APPROVERS else "owner" if send in TO_OWNER else "mentee"
        return Asked("program", send, role)  # type: ignore[arg-type]
    known = [line.send for _, line in declared] + own
    raise CohortflowError(f"{cohort.id}: there is no mail {named!r}; {nearest(send, known)}")


def _of_an_invitation(declared: list[tuple[str, MailLine]], send: str) -> Asked:
    """A change of the first invitation that the program declares, or its end."""
    invites = ((stage, line) for stage, line in declared if line.attach and line.attach.kind == "calendar")
    stage, line = next(invites, ("", None))
    attach = line.attach if line else None
    return Asked("program", send, "mentee", attach, int(stage == "check_in"), stage, OF_AN_INVITATION[send])


def event_times(cohort: Cohort, asked: Asked) -> tuple[datetime, datetime] | None:
    """When what the mail invites to begins and ends, as it would in the life of the cohort; None for other mails."""
    day = cohort.starts
    stand_in = Occasion("-", asked.stage, "send", day, datetime(day.year, day.month, day.day, tzinfo=UTC), n=asked.n)
    return event_of(cohort, Occasion(**{**stand_in.__dict__, "attach": asked.attach}))


def sample_letter(
    cohort: Cohort, asked: Asked, language: str, stationery: Stationery, settings: Settings, case: Case = MADE_UP
) -> Letter:
    """The mail to a reader who is plainly made up, by the files alone."""
    program, stationery = cohort.program, stationery.of(cohort.program_id)
    known = {"owner": program.owner, "sponsor": program.sponsor, "approver": next(iter(program.approvers), None)}
    address = known.get(asked.role, ADDRESS) or program.owner
    wanted = stationery.language_of(asked.folder, asked.send, language or program.email.languages[0])
    reader = Reader("-", case.name, address, asked.role, wanted, "", program.calendar.time_zone)
    event = event_times(cohort, asked) if asked.attach else None
    meeting = Meeting(event[0], (event[1] - event[0]).seconds / 3600, program.meet or "") if event else None
    words = stationery.words(wanted)
    context = _context(cohort, asked, reader, case, meeting, stationery, f"{settings.portal_url}/m/preview")
    unsubscribe = _unsubscribe_url(cohort, asked, stationery, settings)
    parts = stationery.render(asked.folder, asked.send, wanted, context, unsubscribe)
    return Letter(
        message_id="preview",
        sender=program.email.sender,
        reply_to=program.owner if program.email.reply_to == "owner" else program.email.reply_to,
        to_name=reader.name,
        to_address=reader.address,
        subject=parts.subject,
        text=parts.text,
        html=parts.html,
        attachments=tuple(_sample_attachments(cohort, asked, reader, case, meeting, words)),
        language=parts.language,
        unsubscribe_url=unsubscribe,
    )


def _unsubscribe_url(cohort: Cohort, asked: Asked, stationery: Stationery, settings: Settings) -> str:
    mail_class = stationery.mail_class(asked.folder, asked.send)
    scope = scope_of(mail_class, asked.send, cohort.program.email.may_opt_out_of)
    return f"{settings.portal_url}/unsubscribe/preview" if scope else ""


def _context(
    cohort: Cohort, asked: Asked, reader: Reader, case: Case, meeting: Meeting | None, stationery: Stationery, link: str
) -> dict[str, object]:
    """Every field of a mail; sentences of our own in the reader's language, as in a real one."""
    agenda = cohort.program.stages.check_in.agenda if asked.n and case.has_agenda else None
    training = cohort.program.stages.orient.training
    words = stationery.words(reader.language)
    phrases = Phrasebook(words, choice_labels(cohort.forms, reader.language))
    deadline = deadline_of(cohort, asked.stage, asked.n, asked.send) or cohort.starts
    return build_context(
        cohort,
        reader=reader,
        partners=[replace(each, reasons=tuple(map(phrases.say, each.reasons))) for each in case.partners],
        link=link,
        deadline=deadline if case.has_deadline else None,
        counts={**case.counts, "seats": cohort.seats},
        n=asked.n,
        agenda=stationery.agenda(agenda.replace("{n}", str(asked.n)), reader.language) if agenda else [],
        training=case.training or (training.mentees if training and case is MADE_UP else ""),
        meeting=meeting,
        lines=list(map(phrases.say, case.lines)),
        people=case.people,
        words=words,
    )


def _sample_attachments(
    cohort: Cohort, asked: Asked, reader: Reader, case: Case, meeting: Meeting | None, words: Words
) -> list[Attachment]:
    kind = asked.attach.kind if asked.attach else ""
    program, named = words.say("program", "name") or cohort.program.name, words.cohort(cohort.key, cohort.name)
    if kind == "contact_card":
        return contact_card(case.partners, words)
    if kind == "certificate":
        return [certificate(reader.name, program, named, cohort.ends, words)]
    return [_invitation(cohort, asked, reader, meeting, words)] if meeting is not None else []


def _invitation(cohort: Cohort, asked: Asked, reader: Reader, meeting: Meeting, words: Words) -> Attachment:
    program, named = words.say("program", "name") or cohort.program.name, words.cohort(cohort.key, cohort.name)
    return calendar_invitation(
        uid="preview",
        sequence=int(asked.send in OF_AN_INVITATION),
        method=asked.method,
        start_utc=meeting.starts_at,
        hours=meeting.hours,
        summary=words.say("invitation", "summary", program=program, cohort=named),
        organizer=cohort.program.owner,
        attendee=reader.address,
        at=meeting.starts_at,
        url=meeting.where,
        file=words.say("invitation", "file"),
    )
