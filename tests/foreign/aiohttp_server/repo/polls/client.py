from aiohttp import ClientResponseError


class PollsError(Exception):
    pass


class Polls:
    def __init__(self, session):
        self.session = session

    async def result(self, path):
        async with self.session.get(path) as response:
            try:
                response.raise_for_status()
            except ClientResponseError as error:
                raise PollsError(error.message) from error
            return await response.json()

    async def title(self, path):
        async with self.session.get(path) as response:
            if not response.ok:
                raise PollsError(response.reason)
            return await response.text()
