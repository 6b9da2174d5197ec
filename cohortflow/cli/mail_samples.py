"""`cohortflow mail test`: samples to oneself by the real transport. Made-up readers, dead links, one address only."""

import re
from dataclasses import replace
from hashlib import sha256

from cohortflow.cli.finding import find
from cohortflow.cli.running import at_home
from cohortflow.cli.samples import asked_for, sample_letter
from cohortflow.cli.words import count, say
from cohortflow.mailroom.addresses import is_address
from cohortflow.mailroom.letters import Letter
from cohortflow.mailroom.rendering import Stationery
from cohortflow.mailroom.texts import read_texts
from cohortflow.programs.cohorts import Cohort, read_cohort
from cohortflow.programs.documents import read_config
from schemas.errors import CohortflowError, DeliveryError, ProgramError
from schemas.phrases import STAGES
from schemas.settings import Settings

MARK = "[TEST] "
NOWHERE = "https://test.invalid"
_HREF = re.compile(r"""href=(["'])[^"']*\1""")
_URL = re.compile(r"https?://[^\s<>()]+|mailto:[^\s<>()]+")


def send_samples(named: str, to: str, send: str, language: str) -> None:
    """Send one sample, or one of every mail of the cohort.

    Raises:
        CohortflowError: the address is none, or the cohort or the mail is not known.
    """
    if not is_address(to):
        raise CohortflowError("--to: that is not one plain address; write it as me@acme.example")
    settings = Settings()
    target = find(named, settings)
    stationery = Stationery(read_texts(settings.templates))
    if faults := stationery.faults():
        raise ProgramError(faults)
    texts = read_config(target.file)
    cohort = read_cohort(texts, target.program_id, target.key, folder=target.file.parent.as_posix())
    if language and language not in cohort.program.email.languages:
        known = ", ".join(cohort.program.email.languages)
        raise CohortflowError(f"--language: {cohort.program_id} writes in {known} (got {language!r})")
    asked = [asked_for(cohort, each, stationery) for each in ([send] if send else _declared(cohort))]
    with at_home(begins=True) as house:
        now, sent = house.now(), 0
        for each in asked:
            sample = sample_letter(cohort, each, language, stationery, settings)
            letter = _inert(sample, to, f"{cohort.id} {each.send} {language} {now.isoformat()}")
            try:
                outcome = house.transport.send(letter, now)
            except DeliveryError as problem:
                raise CohortflowError(f"{each.send}: {problem}") from None
            if outcome.state != "accepted":
                raise CohortflowError(f"{each.send}: {outcome.state} {outcome.code}".rstrip())
            sent += 1
        house.transport.flush()
    say(f"{count(sent, 'sample')} sent to {to}; nothing of it stands in the ledger.")


def _declared(cohort: Cohort) -> list[str]:
    """Every mail the program declares, each once, in the order of its stages."""
    stages = cohort.program.stages
    return list(dict.fromkeys(f"{stage}/{line.send}" for stage in STAGES for line in getattr(stages, stage).emails))


def _inert(letter: Letter, to: str, told: str) -> Letter:
    """The sample as a letter to one address that can do nothing: not even a reply goes anywhere else."""
    return replace(
        letter,
        message_id="test-" + sha256(told.encode()).hexdigest()[:24],
        reply_to=to,
        to_name="",
        to_address=to,
        subject=MARK + letter.subject,
        text=_URL.sub(NOWHERE, letter.text),
        html=_HREF.sub(f'href="{NOWHERE}"', letter.html),
        # An invitation would answer to its organizer.
        attachments=tuple(each for each in letter.attachments if not each.content_type.startswith("text/calendar")),
        unsubscribe_url="",
    )
