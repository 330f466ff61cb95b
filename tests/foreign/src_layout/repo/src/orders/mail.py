import asyncio
import logging

from jinja2 import Environment, FileSystemLoader

from orders.settings import Settings

log = logging.getLogger(__name__)


class Mailer:
    def __init__(self, settings: Settings) -> None:
        self.sender = settings.mail_sender
        self.templates = Environment(loader=FileSystemLoader(settings.template_dir))
        self.template = self.templates.get_template("mail.txt")
        self.sent: list[tuple[str, str]] = []

    async def send(self, to: str, **values: object) -> None:
        text = self.template.render(**values)
        # stands for aiosmtplib
        await asyncio.sleep(0.01)
        self.sent.append((to, text))
        log.info("mail from %s to %s", self.sender, to)
