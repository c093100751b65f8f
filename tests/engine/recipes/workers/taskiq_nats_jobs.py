import time

from taskiq_nats import NatsBroker

broker = NatsBroker("nats://broker:4222", queue="workers")


@broker.task
async def block(seconds: int) -> None:
    time.sleep(seconds)
