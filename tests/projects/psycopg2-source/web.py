import psycopg2
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> dict[str, int]:
    return {"libpq": psycopg2.extensions.libpq_version()}


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
