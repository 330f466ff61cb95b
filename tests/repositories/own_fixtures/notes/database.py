import os

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

metadata = sa.MetaData()
notes = sa.Table("notes", metadata, sa.Column("text", sa.String, nullable=False))


def connect():
    url = sa.URL.create(
        "postgresql+asyncpg",
        username=os.environ.get("DB_USER", "notes"),
        password=os.environ.get("DB_PASSWORD"),
        host=os.environ.get("DB_HOST", "localhost"),
        port=int(os.environ.get("DB_PORT", "5432")),
        database=os.environ.get("DB_NAME", "notes"),
    )
    return async_sessionmaker(create_async_engine(url))
