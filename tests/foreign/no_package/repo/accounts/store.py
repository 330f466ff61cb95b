import configparser
import json
import threading
from pathlib import Path

HERE = Path(__file__).parent


def load_config(path=HERE / "settings.ini"):
    parser = configparser.ConfigParser()
    parser.read(path)
    return parser["auth"]


class Store:
    """Users in a JSON file."""

    def __init__(self, path):
        self.path = Path(path)
        self.lock = threading.Lock()
        self.users = json.loads(self.path.read_text()) if self.path.exists() else {}

    def add(self, email, password):
        with self.lock:
            if email in self.users:
                raise ValueError("taken")
            self.users[email] = {"password": password, "admin": False}

    def save(self):
        with self.lock:
            self.path.write_text(json.dumps(self.users, indent=2))

    @classmethod
    def from_file(cls, path):
        store = cls(path)
        store.save()
        return store
