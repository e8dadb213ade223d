"""How Celery is used here: a task is the id of a run, and what is true of a run stands in PostgreSQL.

A task only wakes a worker. It may be lost, or come twice, as Redis brings again what takes longer than its
`visibility_timeout`: a run is executed once all the same, by who claims it in the ledger. Nothing else is read from a
message, and no result is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from sentinel_pipeline.orchestration.work_queues import MOST_URGENT, QUEUES
from sentinel_pipeline.settings import celery_broker_url

if TYPE_CHECKING:
    from celery import Celery

TASK = "sentinel.execute_run"
# A restart of the broker is not worth a failed run: who hands out looks whether it answers, and then tries so long.
PATIENCE = {"max_retries": 10, "interval_start": 0, "interval_step": 0.5, "interval_max": 2}
REACHED_WITHIN = 2.0


def options(broker: str) -> dict[str, Any]:
    """The settings of Celery, the same for who hands out and who takes."""
    transport: dict[str, Any] = dict(PATIENCE)
    if broker.startswith("redis"):
        # Lists of its own for each priority; the most urgent first, of equals in the order of the queues.
        transport |= {"priority_steps": list(range(MOST_URGENT + 1)), "queue_order_strategy": "priority"}
        transport |= {"socket_timeout": 30, "socket_connect_timeout": REACHED_WITHIN, "health_check_interval": 10}
    return {
        "broker_transport_options": transport,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        # With both, a worker that is busy holds back nothing that another could begin.
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
    }


def use_queues(application: Celery) -> Celery:
    """Makes the application know the queues of this project instead of Dagster's one."""
    from kombu.entity import Queue

    made: Callable[..., object] = Queue
    arguments = {"x-max-priority": MOST_URGENT}
    application.conf.task_queues = [made(name, routing_key=name, queue_arguments=arguments) for name in QUEUES]
    application.conf.task_routes = {}
    application.conf.task_default_queue = QUEUES[1]
    return application


@cache
def application() -> Celery:
    """The application of this process. Raises SettingsError when no broker is named."""
    from celery import Celery

    broker = celery_broker_url() or ""
    made = Celery("sentinel", broker=broker, backend="disabled://")
    made.conf.update(options(broker))
    return use_queues(made)


def is_reachable() -> bool:
    """Whether the broker answers now."""
    from kombu.exceptions import OperationalError

    with application().connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=REACHED_WITHIN)
        except (OperationalError, OSError, *connection.connection_errors):
            return False
    return True
