"""blockbuster as its README says, "Usage with Pytest": https://github.com/cbornet/blockbuster.

With nothing more it fails every test: asyncpg looks for ~/.pgpass at each connection, and the app
reads its migrations when it starts. So both may, by "Allowing blocking calls in specific contexts".
"""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    with blockbuster_ctx() as active:
        for function in active.functions.values():
            function.can_block_in("asyncpg/connect_utils.py", "_read_password_from_pgpass")
            function.can_block_in("app/main.py", "lifespan")
        yield active
