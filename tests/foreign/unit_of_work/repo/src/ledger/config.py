import os

DATABASE_URL = os.environ.get("LEDGER_DB", "postgresql+asyncpg://ledger:ledger@db/ledger")
