from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine, text

app = Flask(__name__)
engine = create_engine("sqlite:////tmp/service.db")


@app.get("/")
def index() -> list[str]:
    with engine.connect() as connection:
        stored = list(connection.execute(text("select word from words")).scalars())
    return stored + Path("data/words.txt").read_text().split()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
