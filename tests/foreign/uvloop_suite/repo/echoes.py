import asyncio
import logging

log = logging.getLogger(__name__)


class Echo(asyncio.Protocol):
    connections = 0

    def connection_made(self, transport):
        type(self).connections += 1
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def connection_lost(self, error):
        type(self).connections -= 1


async def serve(host="127.0.0.1", port=0):
    server = await asyncio.get_running_loop().create_server(Echo, host, port)
    log.info("listening on %s", server.sockets[0].getsockname())
    return server


async def shout(port, *words):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = []
    try:
        for word in words:
            writer.write(word.encode() + b"\n")
            await writer.drain()
            heard.append((await reader.readline()).decode().strip())
    finally:
        writer.close()
        await writer.wait_closed()
    return heard


def main():
    import uvloop

    uvloop.run(serve())
