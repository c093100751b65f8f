"""A counter that keeps its number where it is told to."""

import os
import pathlib

import click
import itsdangerous
import waitress

signer = itsdangerous.Signer("not a secret")
store = pathlib.Path(os.environ["STORE"])


def app(environ, start_response):
    store.mkdir(parents=True, exist_ok=True)
    file = store / "count"
    count = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(count))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(count).encode()]


if __name__ == "__main__":
    click.echo("listening")
    waitress.serve(app, listen="0.0.0.0:8000")
