"""The automation that marks runs of dead processes as Crashed, also when nobody ever starts their campaign again."""

from __future__ import annotations

from datetime import timedelta

from prefect import get_client
from prefect.client.schemas.objects import StateType
from prefect.events import ResourceSpecification
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from galvanaut.flows.prefect_runs import TAG

NAME = "galvanaut: runs without a sign of life"
SILENCE = timedelta(minutes=10)
"""Three heartbeats, of which Prefect sends one every three minutes, and some more."""


def zombie_automation(silence: timedelta = SILENCE) -> AutomationCore:
    """Crashed, if nothing follows on a heartbeat; only runs with our tag are watched."""
    return AutomationCore(
        name=NAME,
        description="Marks runs of Galvanaut as Crashed once their process sends nothing any more. "
        "May be changed or disabled here: `galvanaut up` installs it only where it is missing.",
        enabled=True,
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification({"prefect.resource.id": f"prefect.tag.{TAG}"}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silence,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                state=StateType.CRASHED,
                force=False,
                message=f"No sign of life for {silence.total_seconds() / 60:g} min: the process is dead, or cut off "
                "from this server. The ledger knows where the campaign stands; run the same command again to go on.",
            )
        ],
    )


async def install(automation: AutomationCore) -> bool:
    """Create it on the server that this process is set to, unless one of its name is there; whether it was created."""
    async with get_client() as client:
        if await client.read_automations_by_name(automation.name):
            return False
        await client.create_automation(automation)
    return True
