from importlib.metadata import version

from flask import Flask
from waitress import serve

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return f"greeter {version('greeter')}"


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


def main() -> None:
    serve(app, host="0.0.0.0", port=8000)
