from celery import Celery

app = Celery("jobs", broker="redis://broker")
