from arq.connections import RedisSettings


async def nothing(_):
    pass


class WorkerSettings:
    functions = [nothing]
    redis_settings = RedisSettings(host="broker")
    # What `arq --check` reads lasts as long as this; the default is an hour.
    health_check_interval = 5
