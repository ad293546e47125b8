"""A relay that holds answers back: delay.py PORT TO_PORT MILLISECONDS. What a key server far away is like."""

import asyncio
import sys


async def pump(reader, writer, seconds):
    loop = asyncio.get_running_loop()
    try:
        while data := await reader.read(65536):
            loop.call_later(seconds, writer.write, data)
    except OSError:
        pass
    loop.call_later(seconds, writer.close)


async def main(port, to_port, seconds):
    async def accepted(reader, writer):
        there, here = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(pump(reader, here, 0), pump(there, writer, seconds))

    async with await asyncio.start_server(accepted, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) / 1000))
