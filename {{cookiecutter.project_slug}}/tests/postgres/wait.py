"""Wait until the server of DATABASE_URL accepts connections."""

import argparse
import asyncio
import sys
import time
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from .databases import NO_CACHE, DatabaseError, given_server, only_given_server

FIX = (
    "Start it, or make DATABASE_URL match the POSTGRES_USER, POSTGRES_PASSWORD and "
    "POSTGRES_DB of the service."
)


async def wait(seconds: float) -> None:
    """Try to connect until it succeeds.

    Raises:
        DatabaseError: The server rejects the user or has no such database, and waiting would not
            help: the image opens the port when it has both. Or there was no connection within
            `seconds`.
    """
    server = given_server()
    if server is None:
        raise DatabaseError(
            "DATABASE_URL is not set. Set it to postgresql://USER:PASSWORD@HOST:PORT/NAME."
        )
    server = replace(server, fix=FIX)
    engine = create_async_engine(
        server.url, poolclass=NullPool, connect_args=NO_CACHE | {"timeout": 5}
    )
    end = time.monotonic() + seconds
    while True:
        try:
            async with engine.connect():
                return
        except (OSError, SQLAlchemyError) as error:
            sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
            if sqlstate.startswith(("28", "3D")):
                raise server.failure("could not connect to {}", error) from error
            if time.monotonic() > end:
                what = f"could not connect to {{}} within {seconds:g} s"
                raise server.failure(what, error) from error
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.postgres.wait", description=__doc__)
    parser.add_argument("seconds", type=float, help="how long to try")
    try:
        with only_given_server():
            asyncio.run(wait(parser.parse_args().seconds))
    except DatabaseError as error:
        sys.exit(str(error))
