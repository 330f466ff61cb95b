"""Emails. To send them, write a `Sender` and return it from `get_sender`."""

from dataclasses import dataclass, field
from typing import Annotated, Protocol

import structlog
from fastapi import Depends, Request

from app.redaction import Shown

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Email:
    to: str
    subject: str
    # It may contain a token.
    text: str = field(repr=False)


class Sender(Protocol):
    async def __call__(self, email: Email, /) -> None:
        """Send an email. It runs after the response, and may take its time."""


async def log_email(email: Email) -> None:
    log.warning("EMAIL_TO_LOG", to=email.to, subject=email.subject, text=Shown(email.text))


async def drop_email(_: Email) -> None:
    log.warning("An email was not sent, since app/mail.py has no sender yet.")


async def get_sender(request: Request) -> Sender:
    return log_email if request.app.state.settings.email_to_log else drop_email


SenderDep = Annotated[Sender, Depends(get_sender)]
