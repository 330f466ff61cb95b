"""Wait until the server of DATABASE_URL lets us in: `python -m tests.postgres.wait SECONDS`."""

import asyncio
import os
import sys
import time

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


async def wait(database_url: str, seconds: float) -> None:
    """Connect again and again.

    Raises:
        SystemExit: There was no connection within `seconds`; the message is one line.
    """
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 5})
    end = time.monotonic() + seconds
    while True:
        try:
            async with engine.connect():
                return
        except (OSError, SQLAlchemyError) as error:
            if time.monotonic() > end:
                reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
                raise SystemExit(
                    f"PostgreSQL at {url.host}:{url.port or 5432} did not let us in within"
                    f" {seconds:g} s ({reason}). Is it running, and is DATABASE_URL right?"
                ) from None
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(wait(os.environ["DATABASE_URL"], float(sys.argv[1])))
