"""Sends a job that blocks the event loop of a Taskiq worker for half a minute: `kick.py MODULE`."""

import asyncio
import importlib
import sys

module = importlib.import_module(sys.argv[1])


async def kick():
    await module.broker.startup()
    await module.block.kiq(35)
    await module.broker.shutdown()


asyncio.run(kick())
