"""Changes to the files of a repository: collected first, then shown, or made as a whole."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


class Refusal(Exception):
    """What can't be done, in one line."""


def read(path: Path) -> str:
    """The text of a file, with its own line endings."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(f"{path} is not UTF-8.") from None
    except OSError as error:
        raise Refusal(f"can't read {path}: {error.strerror}.") from None


@dataclass
class Changes:
    """New texts for files, and None for those that go."""

    root: Path
    texts: dict[Path, str | None] = field(default_factory=dict)

    def read(self, path: Path) -> str | None:
        """The text of a file as it will be, or None where there is none."""
        if path in self.texts:
            return self.texts[path]
        return read(path) if path.is_file() else None

    def write(self, path: Path, text: str | None) -> None:
        """Set the text of a file, if that changes anything."""
        old = read(path) if path.is_file() else None
        self.texts.pop(path, None)
        if text != old:
            self.texts[path] = text

    def verb(self, path: Path) -> str:
        if self.texts[path] is None:
            return "removed"
        return "changed" if path.exists() else "added"

    def diff(self, folders: list[Path]) -> Iterator[str]:
        """A unified diff, which git can apply, without what is in `folders`."""
        for path, text in self.texts.items():
            if any(path.is_relative_to(folder) for folder in folders):
                continue
            name = path.relative_to(self.root).as_posix()
            old = read(path) if path.is_file() else None
            lines = difflib.unified_diff(
                (old or "").splitlines(keepends=True),
                (text or "").splitlines(keepends=True),
                "/dev/null" if old is None else f"a/{name}",
                "/dev/null" if text is None else f"b/{name}",
            )
            for line in lines:
                yield line.rstrip("\n")
                if not line.endswith("\n"):
                    yield "\\ No newline at end of file"

    def make(self) -> None:
        """Write everything, or put back what was written.

        Raises:
            Refusal: A file can't be written.
        """
        done: list[tuple[Path, bytes | None]] = []
        made: list[Path] = []
        try:
            for path, text in self.texts.items():
                missing = [one for one in path.parents if not one.exists()]
                for folder in reversed(missing):
                    folder.mkdir()
                    made.append(folder)
                done.append((path, path.read_bytes() if path.is_file() else None))
                if text is None:
                    path.unlink()
                else:
                    path.write_bytes(text.encode("utf-8"))
        except OSError as error:
            for path, old in reversed(done):
                restore(path, old)
            for folder in reversed(made):
                folder.rmdir()
            raise Refusal(f"can't write {error.filename}: {error.strerror}.") from None
        for path, _ in done:
            folder = path.parent
            while folder != self.root and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent


def restore(path: Path, old: bytes | None) -> None:
    """Put a file back, as far as the system lets it."""
    if path.is_dir():
        return
    if old is None:
        path.unlink(missing_ok=True)
    elif path.read_bytes() != old:
        path.write_bytes(old)
