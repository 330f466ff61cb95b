from .fixture_of_the_application import Account, account

__all__ = ["account"]


async def test_client(account: Account) -> None:
    assert account.password_hash
