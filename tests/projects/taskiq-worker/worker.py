import asyncio
from collections.abc import AsyncGenerator

from taskiq import AsyncBroker, BrokerMessage


class Quiet(AsyncBroker):
    """Never has anything to do."""

    async def kick(self, message: BrokerMessage) -> None:
        print("kicked", message.task_name)

    async def listen(self) -> AsyncGenerator[bytes, None]:
        while True:
            await asyncio.sleep(3600)
            yield b""


broker = Quiet()


@broker.task
async def add(a: int, b: int) -> int:
    return a + b
