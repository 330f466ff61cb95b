import json
from functools import cached_property
from pathlib import Path


class Config:
    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def data(self) -> dict:
        return json.loads(self.path.read_text())

    def __getattr__(self, name: str):
        try:
            return self.data[name]
        except KeyError:
            raise AttributeError(name) from None


config = Config(Path(__file__).parent / "config.json")
