"""Takes uploads; each is kept outside of the application, a summary below it."""

import itertools

import click
import itsdangerous
import waitress

from uploads import settings

signer = itsdangerous.Signer("not a secret")
numbers = itertools.count(1)


def keep(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def app(environ, start_response):
    number = next(numbers)
    keep(settings.UPLOADS, f"{number}.txt", environ["PATH_INFO"])
    keep(settings.CACHE_DIR, "last.txt", str(number))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(number).encode()]


if __name__ == "__main__":
    click.echo("listening")
    waitress.serve(app, listen="0.0.0.0:8000")
