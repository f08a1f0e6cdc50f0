"""Waiting for a socket, and nothing more: no transport, no buffer, nothing left behind when cancelled."""

import asyncio
import socket


async def readable(sock: socket.socket) -> None:
    """Returns when the socket can be read, or has failed."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    descriptor = sock.fileno()
    loop.add_reader(descriptor, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


async def writable(sock: socket.socket) -> None:
    """Returns when the socket can be written, or has failed."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    descriptor = sock.fileno()
    loop.add_writer(descriptor, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    # A socket stays readable until it is read, so this may be called more than once.
    if not ready.done():
        ready.set_result(None)
