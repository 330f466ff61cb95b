"""Start the app on an embedded PostgreSQL, migrated, with reload. Its data stays in .postgres/.

Options of uvicorn may follow, such as `--port 8001`.
"""

import os
import secrets
import sys

import uvicorn
from alembic import command
from alembic.config import Config

from app.config import ROOT, Settings, load_settings
from tests.postgres.embedded import PostgresUnavailable, running_server


def main() -> None:
    if not (ROOT / ".env").exists():
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(32))
    try:
        with running_server(data=ROOT / ".postgres") as server:
            os.environ["DATABASE_URL"] = server.url()
            load_settings(Settings)
            command.upgrade(Config(ROOT / "alembic.ini"), "head")
            uvicorn.main(
                ["app.main:app", "--reload", "--reload-dir", str(ROOT / "app"), *sys.argv[1:]]
            )
    except PostgresUnavailable as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
