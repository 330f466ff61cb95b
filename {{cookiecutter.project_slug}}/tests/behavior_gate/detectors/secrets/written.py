"""Judges what is written to a log, by whatever door."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ... import rules
from ...asgi import endpoint_of, here, is_lifespan, serving
from ...awaiting import current_task
from ...callers import find_caller
from ...core import Gate, Request
from ...rules import Rule
from ...where import Location
from .forms import (
    SHORTEST_HASH,
    digest_of,
    has_hash,
    has_signed_token,
    is_logged,
    is_rare,
    is_word_of,
    readings,
)
from .handed import hands_over_password
from .keys import Keys

#: So much of one entry is looked at.
_LIMIT = 100_000


class LogJudge:
    """Looks for secrets in the lines of a log."""

    def __init__(self, gate: Gate, keys: Keys) -> None:
        self.gate = gate
        self._keys = keys
        self._local = threading.local()

    @contextmanager
    def at_the_source(self) -> Iterator[None]:
        """Judge nothing that is written meanwhile: the caller does, who knows more of it."""
        before, self._local.quiet = self._is_quiet(), True
        try:
            yield
        finally:
            self._local.quiet = before

    def _is_quiet(self) -> bool:
        return getattr(self._local, "quiet", False)

    def judge(
        self,
        verb: str,
        texts: Iterable[str],
        values: Iterable[str] = (),
        by: str = "",
        where: Location | None = None,
    ) -> None:
        """Report each kind of secret in one entry; `values` are those that it is made of.

        It is written by the line that runs, unless one is named.
        """
        if self._is_quiet():
            return
        request, values = self._serving(), list(values)
        whole = "\n".join([*texts, *values])[:_LIMIT]
        passwords = request.passwords if request else set()
        tokens = request.tokens if request else set()
        read = readings(whole) if passwords else readings(whole, SHORTEST_HASH)
        if any(self._is_told(password, read, values) for password in passwords):
            self._report(rules.SECRET_IN_LOG, f"{verb} the submitted password{by}", where)
        if has_hash(read) or any(digest_of(password, whole) for password in passwords):
            self._report(rules.SECRET_IN_LOG, f"{verb} a password hash{by}", where)
        if has_signed_token(whole) or any(token in whole for token in tokens):
            self._report(rules.SECRET_IN_LOG, f"{verb} a token that lets its owner in{by}", where)
        if self._keys.among(read):
            self._report(rules.KEY_LET_OUT, f"{verb} a key of the application{by}", where)

    def _is_told(self, password: str, read: list[str], values: list[str]) -> bool:
        """Whether an entry says the password.

        One that may be a word of any message counts where the entry calls it a password, or where
        it stands as a whole and the line of the application gives the log what it calls one.
        """
        if is_logged(password, read) or (password in values and is_rare(password)):
            return True
        if not is_word_of(password, read):
            return False
        caller = find_caller(self.gate, sys._getframe())
        return caller is not None and hands_over_password(caller.frame)

    def _serving(self) -> Request | None:
        request = serving()
        if request is None and current_task() is None and len(self.gate.open_requests) == 1:
            # A thread that was not told whom it works for.
            (request,) = self.gate.open_requests
        return request

    def _report(self, rule: Rule, what: str, where: Location | None) -> None:
        request, where = self._serving(), where or here(self.gate)
        if request is None:
            # A test may print what it likes.
            if where is None or self.gate.origins[str(self.gate.root / where.path)] == "test":
                return
            who = "the application"
        elif is_lifespan(request):
            who = "the lifespan"
        else:
            who = str(request)
            where = where or endpoint_of(self.gate, request)
        self.gate.report(rule, what=f"{who} {what}", where=where)
