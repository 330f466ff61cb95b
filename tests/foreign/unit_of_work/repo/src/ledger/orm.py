from sqlalchemy import CheckConstraint, Column, Integer, String, Table
from sqlalchemy.orm import registry

from ledger.domain import Account

mapper_registry = registry()

accounts = Table(
    "accounts",
    mapper_registry.metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String, nullable=False, unique=True),
    Column("balance", Integer, CheckConstraint("balance >= 0"), nullable=False),
)


def start_mappers() -> None:
    mapper_registry.map_imperatively(Account, accounts)
