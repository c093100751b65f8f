"""A service with two routes."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def index() -> dict[str, str]:
    return {"hello": "world"}


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
