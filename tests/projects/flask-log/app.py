import logging

from flask import Flask
from waitress import serve

logging.basicConfig(filename="app.main.log", level=logging.INFO)
app = Flask(__name__)


@app.get("/")
def index() -> str:
    app.logger.info("asked")
    return "hello"


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


serve(app, host="0.0.0.0", port=8000)
