import time

from taskiq_redis import ListQueueBroker

# With the timeout of redis-py 8 a worker without jobs ends every five seconds.
broker = ListQueueBroker("redis://broker", socket_timeout=None)


@broker.task
async def block(seconds: int) -> None:
    time.sleep(seconds)
