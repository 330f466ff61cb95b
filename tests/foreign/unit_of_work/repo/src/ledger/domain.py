from dataclasses import dataclass


@dataclass
class Account:
    owner: str
    balance: int = 0
    id: int | None = None


class NotEnoughMoney(Exception):
    pass
