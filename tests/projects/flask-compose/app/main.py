"""Greets, once it knows its secret."""

import os

from flask import Flask

app = Flask(__name__)
app.secret_key = os.environ["SESSION_KEY"]
GREETING = os.environ["GREETING"]


@app.get("/")
def index() -> str:
    return GREETING


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
