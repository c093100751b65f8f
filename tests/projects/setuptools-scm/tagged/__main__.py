from importlib.metadata import version

from bottle import Bottle
from waitress import serve

app = Bottle()


@app.get("/")
def index() -> str:
    return version("tagged")


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


serve(app, host="0.0.0.0", port=8000)
