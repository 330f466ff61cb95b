"""What is behind the links in the title of a todo."""

import asyncio
import re

import httpx

AT_ONCE = 3
SECONDS = 5.0

LINK = re.compile(r"https?://\S+")
HEADING = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)


async def previews(http: httpx.AsyncClient, text: str) -> dict[str, str | None]:
    """Fetch the pages that a text links to, a few at a time, and return their headings."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def heading(link: str) -> str | None:
        async with slots:
            try:
                async with asyncio.timeout(SECONDS):
                    page = await http.get(link, follow_redirects=True)
            except (httpx.HTTPError, TimeoutError):
                return None
        found = HEADING.search(page.text)
        return found[1].strip() if found else None

    links = list(dict.fromkeys(LINK.findall(text)))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(heading(link)) for link in links]
    return {link: task.result() for link, task in zip(links, tasks, strict=True)}
