"""The keys that an application signs and encrypts with, known by the names that it gives them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any

from ...core import Gate
from ...on_import import OnImport
from ...patches import Patches

_NAME = re.compile(
    r"(.*_)?(secret(_?(access)?_?key)?|(sign(ing)?|private|encryption|master|jwt|session|cookie)_?key)"
    r"s?(_?v?\d+)?",
    re.IGNORECASE,
)
#: Where a key is found, and not the key.
_ADDRESS = re.compile(r"[./~]|\w+://|\w:\\")
#: `MISSING_SECRET = "The secret is missing"`.
_MESSAGE = re.compile(r"(?!-----BEGIN )\S*\s")
#: What has fewer letters may be a word.
_SHORTEST = 16
_MOST_KEYS = 50
_SETTINGS = "pydantic_settings"


class Keys:
    """Knows the keys in the environment, in settings of pydantic and in the user's modules."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._patches = Patches(gate, "the keys in the settings")
        self._on_import = OnImport([_SETTINGS], self._watch_settings)
        self._known: set[str] = set()
        self._modules: set[str] = set()

    def install(self) -> None:
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def look_around(self) -> None:
        """Learn the keys of the environment, and of modules that have been imported since."""
        # Each test changes it: pytest writes there which one runs.
        self._learn({name: os.environ[name] for name in list(os.environ) if _is_name(name)})
        if len(sys.modules) == len(self._modules):
            return
        for name in sys.modules.keys() - self._modules:
            self._modules.add(name)
            module = sys.modules.get(name)
            if module is not None and self._is_application(module):
                self._learn(vars(module), prose=True)
                for value in list(vars(module).values()):
                    kind = value if isinstance(value, type) else type(value)
                    if self._is_application(sys.modules.get(kind.__module__)):
                        self._learn(getattr(value, "__dict__", {}), prose=True)

    def among(self, texts: list[str]) -> bool:
        """Whether a text, given as its readings, holds a key."""
        return any(key in text for key in self._known for text in texts)

    def _is_application(self, module: Any) -> bool:
        file = getattr(module, "__file__", None)
        return isinstance(file, str) and self.gate.origins[file] == "application"

    def _watch_settings(self, _: str) -> None:
        def wrap(original: Callable[..., None]) -> Callable[..., None]:
            @wraps(original)
            def __init__(settings: Any, *args: Any, **values: Any) -> None:  # noqa: N807
                original(settings, *args, **values)
                self._learn(vars(settings))

            return __init__

        self._patches.replace(sys.modules[_SETTINGS].BaseSettings, "__init__", wrap)

    def _learn(self, values: Mapping[str, Any], *, prose: bool = False) -> None:
        """Take the keys among some names; `prose` if there may be messages among them."""
        for name, value in _named(values):
            if _is_secret(value):
                text = _text(value.get_secret_value())
            else:
                text = _text(value) if isinstance(name, str) and _is_name(name) else ""
                if _ADDRESS.match(text) or (prose and _MESSAGE.match(text)):
                    continue
            if len(text) >= _SHORTEST:
                self._known.add(text)


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values with their names; those in a list, such as keys from before, share one."""
    for name, value in list(values.items()):
        if not isinstance(value, (dict, list, tuple, set, frozenset)):
            yield name, value
        # A module may hold a table of anything.
        elif len(value) <= _MOST_KEYS:
            members = list(value.values() if isinstance(value, dict) else value)
            yield from ((name, member) for member in members)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _is_secret(value: object) -> bool:
    """Whether it is a `SecretStr` of pydantic or the like: secret by whatever name."""
    if isinstance(value, str):
        return False
    kinds = type(value).__mro__
    return any(kind.__module__ == "pydantic.types" for kind in kinds) and hasattr(
        value, "get_secret_value"
    )


@lru_cache(maxsize=1024)
def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name))
