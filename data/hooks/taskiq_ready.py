"""Says that a TaskIQ worker is ready: touches a file as long as its event loop runs and its broker answers.

Start the worker with `taskiq worker taskiq_ready:broker MODULE`, with the variable TASKIQ_BROKER=MODULE:NAME for the
broker that MODULE calls NAME. The healthcheck asks whether the file of each worker process is younger than 15 seconds.
"""

import asyncio
import contextlib
import importlib
import os
import pathlib
from typing import Any

from taskiq import AsyncBroker, TaskiqEvents, TaskiqState

SECONDS = 5

module, _, name = os.environ["TASKIQ_BROKER"].partition(":")
broker: AsyncBroker = getattr(importlib.import_module(module), name)
# Each worker process has one, and removes it when it ends.
file = pathlib.Path(f"/tmp/taskiq-ready-{os.getpid()}")


async def ask(broker: AsyncBroker) -> None:
    """Returns when the broker has answered; a library without such a question only shows that its event loop runs."""
    client = getattr(broker, "client", None)
    if hasattr(client, "new_inbox"):  # taskiq-nats
        await ask_nats(client)
        return
    pool = getattr(broker, "connection_pool", None)
    if pool is not None:  # taskiq-redis
        from redis.asyncio import Redis

        await Redis(connection_pool=pool).ping()
        return
    connection = getattr(broker, "read_conn", None)
    if connection is not None and connection.is_closed:  # taskiq-aio-pika
        raise ConnectionError("the connection to the broker is closed")


async def ask_nats(client: Any) -> None:
    """Sends a message to itself: `flush` asks nobody once reading has ended, and its answer ends reading if it is late."""
    if not client.is_connected:
        raise ConnectionError("not connected")
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox)
    try:
        await client.publish(inbox)
        await subscription.next_msg(timeout=60)
    finally:
        await subscription.unsubscribe()


async def report() -> None:
    # A process that cannot reach its broker at the start ends soon.
    await asyncio.sleep(1)
    while True:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(ask(broker), timeout=SECONDS)
            file.touch()
        await asyncio.sleep(SECONDS)


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    for old in pathlib.Path("/tmp").glob("taskiq-ready-*"):
        if not pathlib.Path(f"/proc/{old.name.rsplit('-', 1)[1]}").exists():
            old.unlink(missing_ok=True)
    # That of a process before this one, in a container that was started again.
    file.unlink(missing_ok=True)
    state.taskiq_ready = asyncio.create_task(report())


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def stop(state: TaskiqState) -> None:
    state.taskiq_ready.cancel()
    file.unlink(missing_ok=True)
