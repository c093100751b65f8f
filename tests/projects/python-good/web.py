from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return "hello"


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
