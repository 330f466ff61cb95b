"""Jinja filters that refuse a bad answer at its question, and that quote a good one."""

import json
import keyword
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import NoReturn

from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment
from jinja2.ext import Extension

MAX_BYTES = 63  # of a name in PostgreSQL
TAKEN = {
    *("app", "conftest", "dev", "hooks", "migrations", "test", "tests"),
    *("argon2", "dns", "dotenv", "jwt", "multipart", "passlib", "xdist"),
    *("postgres", "template0", "template1"),
    *("aux", "con", "nul", "prn"),
}


def tested_versions() -> dict[str, str]:
    """Return the version of each package that the template is tested with."""
    text = Path(__file__).with_name("tested-versions.txt").read_text(encoding="utf-8")
    return dict(line.split("==") for line in text.split())


def template_version() -> str:
    """Return the commit of this template, after the tag before it if there is one."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--tags"],
            cwd=Path(__file__).parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip()


def refuse(question: str, answer: str, mend: str) -> NoReturn:
    raise FailedHookException(f"Error: {question} is {answer!r:.80}: {mend}")


def one_line(answer: str, question: str) -> str:
    """Return the answer; raise FailedHookException unless it is one line of text."""
    if not answer.strip():
        refuse(question, answer, "it must not be blank.")
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in answer):
        refuse(question, answer, "write it in one line, without control characters.")
    return answer


def slug(answer: str, question: str) -> str:
    """Return the answer; raise FailedHookException unless it can name everything it has to."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", answer):
        refuse(
            question,
            answer,
            "use lower-case letters, digits and single underscores, with a letter first,"
            ' such as "my_backend".',
        )
    if len(answer) > MAX_BYTES:
        refuse(question, answer, f"use at most {MAX_BYTES} characters, it names a database.")
    if (
        answer in TAKEN
        or keyword.iskeyword(answer)
        or answer in getattr(sys, "stdlib_module_names", ())
        or answer.replace("_", "-") in tested_versions()
    ):
        refuse(question, answer, f'something else has this name, try "{answer}_backend".')
    return answer


def toml(text: str) -> str:
    """Quote any text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", r"\u007f")


def markdown(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return re.sub(r"([\\`*_\[\]<>&#|~])", r"\\\1", text)


class Answers(Extension):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for function in (one_line, slug, toml, markdown):
            environment.filters[function.__name__] = function
        environment.globals["tested"] = tested_versions()
        environment.globals["template_version"] = template_version
        # `cruft update` bakes twice in one process, from two states of this file.
        sys.modules.pop(__name__, None)
