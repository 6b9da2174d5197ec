"""Alarms: Prefect automations made by code, each of which tells the notification block of the operator's choice."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, DoNothing, RunDeployment, SendNotification
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from cohortflow.operations.declared import OURS
from cohortflow.prefect_silence import HEARTBEAT, TOLD
from schemas.errors import CohortflowError
from schemas.settings import Settings

CRASH = ChangeFlowRunState(
    name=None,
    state=StateType.CRASHED,
    message=TOLD,
    force=False,
)
PREFIX = "Cohortflow: "
RUN = {"prefect.resource.id": "prefect.flow-run.*"}
OF_OURS = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{OURS}"}
OF_THE_TICK = {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.tick"}
EACH_ONE = {"prefect.resource.id"}
# Whatever a run says counts as alive; one that waits (Paused, Suspended) has said so and sends no heartbeat.
ALIVE = {HEARTBEAT, *(f"prefect.flow-run.{state}" for state in (
    "Completed", "Failed", "Crashed", "Cancelled", "Cancelling", "Paused", "Suspended", "Resuming", "Scheduled",
    "AwaitingRetry", "Retrying", "Running", "Pending", "TimedOut"))}  # fmt: skip
BY_MAIL = "mail"  # in place of a block: our own mail, to the operator's address
TELLER = "tell-operator/tell-operator"


@dataclass(frozen=True)
class Alarm:
    """One thing somebody should hear of; `about` is what the automation's page says.

    One that `crashes` tells nobody by itself: the run it has marked as crashed is told of as every crashed one is. So
    a run whose end Prefect has missed (its SQLite drops an event when it is locked) raises no false alarm: it is over,
    and stays as it ended.
    """

    name: str
    about: str
    trigger: EventTrigger
    body: str = ""
    crashes: bool = False


def alarms(settings: Settings) -> list[Alarm]:
    """Every alarm there is, with the patience the settings ask for."""
    silent = timedelta(seconds=settings.alarm_silent_seconds)
    return [*_of_runs(silent), *_of_ticks(timedelta(seconds=settings.alarm_no_tick_seconds)), *_of_cohorts()]


def _of_runs(silent: timedelta) -> list[Alarm]:
    run = "{{ flow_run.name }} ({{ flow.name }}): {{ flow_run.state.name }}. {{ flow_run.state.message }}"
    return [
        Alarm(
            "a run has failed or crashed",
            "Retry is safe; a later tick tries again by itself.",
            _when({"prefect.flow-run.Failed", "prefect.flow-run.Crashed"}, RUN, OF_OURS),
            run,
        ),
        Alarm(
            "a run gives no sign of life",
            f"No heartbeat for {_minutes(silent)}: it is marked as crashed, and told of as that. Waiting runs are not.",
            EventTrigger(
                after={HEARTBEAT},
                expect=ALIVE,
                match=RUN,  # type: ignore[arg-type]
                for_each=EACH_ONE,
                posture=Posture.Proactive,
                within=silent,
            ),
            crashes=True,
        ),
    ]


def _of_ticks(no_tick: timedelta) -> list[Alarm]:
    return [
        Alarm(
            "ticks are late",
            "Three ticks could not begin in time within an hour: does a worker run?",
            _when({"prefect.flow-run.Late"}, RUN, OF_THE_TICK, threshold=3, within=timedelta(hours=1)),
            "Ticks are late: does a worker run? `cohortflow doctor` says what is missing.",
        ),
        Alarm(
            "no tick has ended well",
            f"None within {_minutes(no_tick)} of the last that did.",
            EventTrigger(
                after={"prefect.flow-run.Completed"},
                expect={"prefect.flow-run.Completed"},
                match=RUN,  # type: ignore[arg-type]
                match_related=OF_THE_TICK,  # type: ignore[arg-type]
                for_each={"related:deployment:prefect.resource.id"},
                posture=Posture.Proactive,
                within=no_tick,
            ),
            "No tick has ended well lately. `cohortflow doctor` says what is wrong.",
        ),
    ]


def _of_cohorts() -> list[Alarm]:
    cohort = "{{ event.resource.name }}"
    return [
        Alarm(
            "a cohort is held",
            "Nothing of it falls due until it is resumed, or what holds it is mended.",
            _when({"cohortflow.occasion.held"}, {"prefect.resource.id": "cohortflow.cohort.*"}),
            f"{cohort} is held; `cohortflow status {cohort}` says why.",
        ),
        Alarm(
            "a mail is in doubt",
            "For more than a day nobody has known whether it left; settle it, so that it is either sent or counted.",
            _when({"cohortflow.mail.unknown"}, {"prefect.resource.id": "cohortflow.cohort.*"}),
            f"{cohort}: mails in doubt for more than a day: {{{{ event.payload.mails }}}}.",
        ),
        Alarm(
            "a mail has gone twice",
            "The provider says that it took the same mail a second time.",
            _when({"cohortflow.mail.repeated"}, {"prefect.resource.id": "cohortflow.cohort.*"}),
            f"{cohort}: mails that have gone twice: {{{{ event.payload.mails }}}}; its history says when.",
        ),
    ]


def _when(
    expect: set[str],
    match: dict[str, str],
    related: dict[str, str] | None = None,
    threshold: int = 1,
    within: timedelta = timedelta(0),
) -> EventTrigger:
    return EventTrigger(
        expect=expect,
        match=match,  # type: ignore[arg-type]
        match_related=related or {},  # type: ignore[arg-type]
        for_each=EACH_ONE if threshold == 1 else set(),
        posture=Posture.Reactive,
        threshold=threshold,
        within=within,
    )


def _minutes(patience: timedelta) -> str:
    minutes = patience.total_seconds() / 60
    return f"{minutes:g} minute{'s' if minutes != 1 else ''}"


def put_alarms_into_force(client: SyncPrefectClient, settings: Settings) -> list[tuple[str, str]]:
    """Create, change or remove automations of ours; one that an operator switched off stays off.

    Raises:
        CohortflowError: they are to go to a block that is not there, or by mail to nobody.
    """
    teller = _teller(client, settings)
    found = {each.name: each for each in client.read_automations() if each.name.startswith(PREFIX)}
    done = [(PREFIX + alarm.name, _apply(client, alarm, teller, found.pop(PREFIX + alarm.name, None)))
            for alarm in alarms(settings)]  # fmt: skip
    for name, automation in sorted(found.items()):
        client.delete_automation(automation.id)
        done.append((name, "removed"))
    return done


@dataclass(frozen=True)
class Teller:
    """Who passes an alarm on: a block of Prefect's, or a deployment of ours that writes a mail; or nobody."""

    block: UUID | None = None
    deployment: UUID | None = None

    def told(self, alarm: Alarm) -> list[ActionTypes]:
        """What Prefect does to pass it on."""
        if self.block is not None:
            subject = PREFIX + alarm.name
            return [SendNotification(block_document_id=self.block, subject=subject, body=alarm.body)]
        if self.deployment is not None:
            about = {"__prefect_kind": "jinja", "template": alarm.body}
            given = {"alarm": alarm.name, "about": about if "{{" in alarm.body else alarm.body}
            return [
                RunDeployment(source="selected", deployment_id=self.deployment, parameters=given, job_variables=None)
            ]
        return []


def _teller(client: SyncPrefectClient, settings: Settings) -> Teller:
    if not settings.alarm_block:
        return Teller()
    if settings.alarm_block == BY_MAIL:
        if not settings.operator:
            raise CohortflowError("COHORTFLOW_ALARM_BLOCK is mail: set COHORTFLOW_OPERATOR to the address it goes to")
        return Teller(deployment=client.read_deployment_by_name(TELLER).id)
    kind, _, name = settings.alarm_block.partition("/")
    try:
        return Teller(block=client.read_block_document_by_name(name, block_type_slug=kind).id)
    except ObjectNotFound:
        raise CohortflowError(
            f"COHORTFLOW_ALARM_BLOCK: Prefect has no block {settings.alarm_block!r}; make it on its pages under "
            "Blocks, and name it TYPE/NAME, such as slack-webhook/alarms; or say mail"
        ) from None


def _in_order(value: Any) -> Any:
    """Sets come out as lists in any order, another one in each process."""
    if isinstance(value, dict):
        return {name: _in_order(each) for name, each in value.items()}
    return sorted(value, key=str) if isinstance(value, list) else value


def _apply(client: SyncPrefectClient, alarm: Alarm, teller: Teller, found: Automation | None) -> str:
    actions: list[ActionTypes] = [CRASH] if alarm.crashes else teller.told(alarm)
    trigger = _in_order(alarm.trigger.model_dump(mode="json", exclude={"id"}))
    text = json.dumps([trigger, str(teller), alarm.body, alarm.about, alarm.crashes], sort_keys=True)
    description = f"{alarm.about} [{hashlib.sha256(text.encode()).hexdigest()[:8]}]"
    if found is not None and found.description == description:
        return "unchanged"
    wanted = AutomationCore(
        name=PREFIX + alarm.name,
        description=description,
        enabled=found.enabled if found is not None else True,
        trigger=alarm.trigger,
        actions=actions or [DoNothing()],
    )
    if found is None:
        client.create_automation(wanted)
        return "created"
    client.update_automation(found.id, wanted)
    return "changed"
