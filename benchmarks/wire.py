"""CPU of the probe transport alone, in this process: one exchange per new connection, no assertions, rules or store."""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import process_time

import trustme
import uvloop

from benchmarks.children import Server
from benchmarks.figures import Figure
from sentinel.probes.wire import PreparedRequest, Resolver, TlsContexts, TlsSetting, Transport, prepare

ROUNDS = 5
EXCHANGES = 2_000  # per round
CONCURRENT = 20


def measure() -> list[Figure]:
    """Exchange with a server on loopback; its CPU is not counted."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        certificate = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        server = stack.enter_context(Server(folder, folder / "server.pem"))
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        return runner.run(_measure(server, TlsSetting(ca_file=str(folder / "ca.pem"))))


async def _measure(server: Server, trusted: TlsSetting) -> list[Figure]:
    contexts = TlsContexts()
    transport = Transport(resolver := Resolver())
    port, path = server.http_ports[0], "check/wire"
    plain = prepare("GET", f"http://127.0.0.1:{port}/{path}", contexts=contexts)
    # Spellings of 127.0.0.1 that only getaddrinfo understands, so that each worker looks up a name of its own.
    spelled = [f"http://127.{'0' * n}1:{port}/{path}" for n in range(1, CONCURRENT + 1)]
    named = [prepare("GET", url, contexts=contexts) for url in spelled]
    secured = prepare("GET", f"https://127.0.0.1:{server.https_port}/{path}", tls=trusted, contexts=contexts)
    figures = [
        Figure(name=f"transport alone, {name}: CPU", value=await _cost(transport, requests, count), unit="ms", digits=3)
        for name, requests, count in (
            ("HTTP", [plain], EXCHANGES),
            ("HTTP with a look-up", named, EXCHANGES),
            ("HTTPS", [secured], EXCHANGES // 4),
        )
    ]
    resolver.close()
    return figures


async def _cost(transport: Transport, requests: Sequence[PreparedRequest], count: int) -> float:
    """Milliseconds of CPU per exchange, median of the rounds."""
    await _exchange(transport, requests, CONCURRENT * 5)
    costs = []
    for _ in range(ROUNDS):
        began = process_time()
        await _exchange(transport, requests, count)
        costs.append((process_time() - began) / count * 1000)
    return median(costs)


async def _exchange(transport: Transport, requests: Sequence[PreparedRequest], count: int) -> None:
    loop = asyncio.get_running_loop()

    async def worker(request: PreparedRequest) -> None:
        for _ in range(count // CONCURRENT):
            exchange = await transport.exchange(request, deadline=loop.time() + 10)
            assert exchange.status == 200

    await asyncio.gather(*(worker(requests[n % len(requests)]) for n in range(CONCURRENT)))
