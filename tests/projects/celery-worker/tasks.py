from celery import Celery

app = Celery("tasks", broker="memory://", backend="cache+memory://")
app.conf.beat_schedule = {"every-minute": {"task": "tasks.add", "schedule": 60.0, "args": (1, 2)}}


@app.task
def add(a: int, b: int) -> int:
    return a + b
