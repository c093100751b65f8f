from importlib.metadata import version

from bottle import Bottle
from waitress import serve

app = Bottle()


@app.get("/")
def index() -> str:
    return f"clock {version('clock')}"


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


def main() -> None:
    serve(app, host="0.0.0.0", port=8000)
