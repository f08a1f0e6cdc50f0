"""HTTP over a Unix socket, as the engines of containers speak it: one request, one answer, within bounds."""

import asyncio
import socket

from sentinel.core.result import FailureClass
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.http1 import Answer

_CHUNK = 65_536


async def get_locally(path: str, target: str, *, deadline: float, body_cap: int) -> tuple[int, bytes]:
    """Status and body of the answer to a GET.

    Args:
        path: of the socket.
        target: what is asked for, such as `/version`; quoted already.
        deadline: by when the answer has to be whole, on the running loop's clock.
        body_cap: bytes that the body may have.

    Raises:
        WireError: there was no answer, or none that is sound, in time.
        OSError: nobody can be reached at that path.
    """
    answer = Answer(body_cap=body_cap, no_body=False)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        try:
            async with asyncio.timeout_at(deadline):
                await _exchange(sock, path, target, answer)
        except TimeoutError:
            raise WireError(FailureClass.READ_TIMEOUT, "no answer in time") from None
        finally:
            answer.release()
    if answer.truncated:
        raise WireError(FailureClass.BODY_TOO_LARGE, f"the answer has more than {body_cap} bytes")
    return answer.status, answer.body()


async def _exchange(sock: socket.socket, path: str, target: str, answer: Answer) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, path)
    try:
        await loop.sock_sendall(sock, f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        while not answer.done:
            if data := await loop.sock_recv(sock, _CHUNK):
                answer.feed(data)
            else:
                answer.eof()
            await asyncio.sleep(0)  # a peer that sends without end would not let the deadline strike
    except ConnectionError:
        raise WireError(FailureClass.RESET, "the connection was reset before the answer was whole") from None
