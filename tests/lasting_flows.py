"""Runs that last, as a test deploys them beside ours: one that works for long, one that waits for somebody's word."""

import time

from prefect import flow
from prefect.flow_runs import suspend_flow_run


@flow(name="work-long")
def work_long(seconds: float = 600) -> None:
    """Be busy for so long."""
    time.sleep(seconds)


@flow(name="wait-for-word")
def wait_for_word() -> None:
    """Wait until somebody lets it go on, after a first sign of life."""
    time.sleep(5)
    suspend_flow_run(timeout=3600)
