"""Follows a Markdown document: does what its code blocks say, and compares what they show.

What a block is tells its language and the last paragraph above it:

- `sh`: commands, run by bash in the project. They have to succeed, unless the output that follows
  has a line such as `1 failed`.
- `text`: what the commands above it print. A line `...` stands for any lines. Line ends, times, ids
  and the like do not count: see `normal`.
- after "Change `PATH`": a `diff`. The lines without `+` are in the file exactly once.
- after "Create `PATH`" or "Add to the end of `PATH`": text for that file.
- after "Look at `PATH`": text that is in that file, which commands wrote. It may have a `*`.
"""

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from support.project import Done, Project

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(Change|Create|Add to the end of|Look at) `([^`]+)`")
#: What differs from run to run, and what stands for it.
VARIES = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b20\d\d_\d\d_\d\d-", "DATE-"),
    (r"(?<![0-9a-z])[0-9a-f]{12}(?![0-9a-z])", "REVISION"),
    (r"^\[main [0-9a-f]+\]", "[main COMMIT]"),
    # The project grows.
    (r"\b\d{3,}(?= (passed|tests watched|files already|source files))", "MANY"),
    (r", \d+ deselected", ""),
    (r"\bin \d+\.\d+s( \(\d+:\d\d:\d\d\))?", "in SECONDS"),
    # The tests run in random order.
    (r"^[.FEsx]+ +\[ *\d+%\]$", ""),
    # A rule is as wide as the terminal.
    (r"[=_-]{3,}", "---"),
)


class DocumentError(AssertionError):
    """The document says what is not so."""


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    #: Where it starts, such as `docs/walk.md:12`.
    where: str
    #: What to do with which file, if it names one.
    verb: str = ""
    path: str = ""


def blocks(name: str, document: str) -> Iterator[Block]:
    """Yield the code blocks of a document."""
    end = 0
    verb, path = "", ""
    for found in BLOCK.finditer(document):
        where = f"{name}:{document.count(chr(10), 0, found.start()) + 1}"
        between = document[end : found.start()].strip()
        if between:
            paragraph = " ".join(re.split(r"\n\s*\n", between)[-1].split())
            named = FILE.findall(paragraph)
            verb, path = named[-1] if named else ("", "")
        end = found.end()
        text = textwrap.dedent(found[3]).rstrip("\n")
        is_change = found[2] not in {"sh", "text"}
        yield Block(found[2], text, where, *((verb, path) if is_change else ()))


def normal(output: str, project: Project) -> str:
    """Return an output without what differs from run to run, and with single spaces."""
    output = output.replace(str(project.path), "/home/ada/my_backend")
    for pattern, instead in VARIES:
        output = re.sub(pattern, instead, output, flags=re.MULTILINE)
    return " ".join(output.split())


def missing(shown: str, printed: str, project: Project) -> str | None:
    """Return the first part of what is shown that was not printed there, if any."""
    words = normal(printed, project).split()
    parts = [normal(part, project).split() for part in re.split(r"(?m)^ *\.\.\. *$", shown)]
    end = 0
    for number, part in enumerate(parts):
        is_first, is_last = number == 0, number == len(parts) - 1
        places = range(end, len(words) - len(part) + 1)
        if is_first:
            places = places[:1]
        if is_last:
            places = range(max(end, len(words) - len(part)), places.stop)
        start = next((n for n in places if words[n : n + len(part)] == part), None)
        if start is None:
            return " ".join(part)
        end = start + len(part)
    return None


Run = Callable[[Project, Block], Done | None]


def in_bash(project: Project, block: Block) -> Done:
    """Run the commands of a block. Errors are part of the output, as in a terminal."""
    script = f'exec 2>&1\nuv() {{ "$UV" "$@"; }}\n{block.text}'
    return project.run("bash", "-ec", script, COLUMNS="100")


def follow(project: Project, steps: list[Block], run: Run = in_bash) -> None:
    """Do what the blocks say.

    Args:
        run: Runs a block of commands, or returns None if that is done elsewhere.

    Raises:
        DocumentError: A change does not fit the project, or a command prints something else.
    """
    done: Done | None = None
    for number, block in enumerate(steps):
        following = steps[number + 1] if number + 1 < len(steps) else None
        shown = following.text if following and following.language == "text" else ""
        match block.language, block.verb:
            case "sh", _:
                done = run(project, block)
                fails = bool(re.search(r"^\d+ failed", shown, re.MULTILINE))
                if done and bool(done.returncode) != fails:
                    raise DocumentError(
                        f"{block.where}: the commands should {'fail' if fails else 'succeed'}, and"
                        f" ended with {done.returncode}:\n{block.text}\n\n{done.stdout}"
                    )
            case "text", _:
                if done and (part := missing(block.text, done.stdout, project)) is not None:
                    raise DocumentError(
                        f"{block.where}: this is not what the commands above print.\n"
                        f"Not found: {part}\n\n"
                        f"The document shows:\n{block.text}\n\nThey print:\n{done.stdout}"
                    )
            case "diff", "Change":
                change(project, block)
            case _, "Create":
                path = project.path / block.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{block.text}\n", encoding="utf-8")
            case _, "Add to the end of":
                path = existing(project, block)
                text = path.read_text(encoding="utf-8")
                path.write_text(f"{text}\n\n{block.text}\n", encoding="utf-8")
            case _, "Look at":
                text = existing(project, block).read_text(encoding="utf-8")
                if f"{block.text}\n" not in text:
                    raise DocumentError(
                        f"{block.where}: this is not in {block.path}, which has:\n{text}"
                    )
            case _:
                raise DocumentError(
                    f"{block.where}: the line above the block does not say what to do."
                )


def existing(project: Project, block: Block) -> Path:
    paths = list(project.path.glob(block.path))
    if len(paths) != 1:
        raise DocumentError(f"{block.where}: there is no {block.path}. Is a step left out?")
    return paths[0]


def change(project: Project, block: Block) -> None:
    path = existing(project, block)
    text = path.read_text(encoding="utf-8")
    lines = block.text.splitlines()
    old, new = (
        "".join(f"{line[1:]}\n" for line in lines if line[:1] != sign) for sign in ("+", "-")
    )
    if (count := f"\n{text}".count(f"\n{old}")) != 1:
        raise DocumentError(f"{block.where}: {block.path} has this {count} times, not once:\n{old}")
    path.write_text(f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:], encoding="utf-8")
