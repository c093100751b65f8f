"""A guest book: each visit is written into a database in the working folder."""

import logging
import sqlite3

import click
import itsdangerous
import waitress

logging.basicConfig(filename="visits.log", level=logging.INFO)
signer = itsdangerous.Signer("not a secret")


def app(environ, start_response):
    with sqlite3.connect("guests.db") as database:
        database.execute("CREATE TABLE IF NOT EXISTS visits (path TEXT)")
        database.execute("INSERT INTO visits VALUES (?)", (environ["PATH_INFO"],))
        (count,) = database.execute("SELECT count(*) FROM visits").fetchone()
    logging.info("visit %s", count)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"visit " + signer.sign(str(count > 0)) + b"\n"]


@click.command()
@click.option("--port", default=8000)
def main(port):
    waitress.serve(app, port=port)


if __name__ == "__main__":
    main()
