"""CPU per exchange of the probe transport: `python -m benchmarks.transport [--exchanges N] [--loop uvloop|asyncio]`.

A raw server in another process answers on loopback. CPU is that of this process (user and system), so the server's is
not in it. Prints one line per kind: milliseconds of CPU and of wall time per exchange, median of five rounds.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import trustme
import uvloop

from sentinel.probes.wire import PreparedRequest, Resolver, TlsContexts, TlsSetting, Transport, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
CONCURRENT = 20


async def exchanges(transport: Transport, requests: list[PreparedRequest], count: int) -> None:
    loop = asyncio.get_running_loop()

    async def worker(request: PreparedRequest) -> None:
        for _ in range(count // CONCURRENT):
            exchange = await transport.exchange(request, deadline=loop.time() + 10)
            assert exchange.status == 200

    await asyncio.gather(*(worker(requests[n % len(requests)]) for n in range(CONCURRENT)))


async def measure(name: str, transport: Transport, requests: list[PreparedRequest], count: int) -> None:
    await exchanges(transport, requests, CONCURRENT * 5)
    cpu, wall = [], []
    for _ in range(ROUNDS):
        cpu_before, wall_before = process_time(), perf_counter()
        await exchanges(transport, requests, count)
        cpu.append((process_time() - cpu_before) / count * 1000)
        wall.append((perf_counter() - wall_before) / count * 1000)
    print(f"{name:28} {median(cpu):.3f} ms CPU   {median(wall):.3f} ms wall   per exchange")


async def run(count: int, directory: Path, ports: dict[str, int]) -> None:
    contexts = TlsContexts()
    transport = Transport(resolver := Resolver())
    trusted = TlsSetting(ca_file=str(directory / "ca.pem"))
    plain, tls = f"http://127.0.0.1:{ports['http']}/health", f"https://localhost:{ports['https']}/health"
    # Spellings of 127.0.0.1 that only getaddrinfo understands, so that each worker looks up a name of its own.
    named = [f"http://127.{'0' * n}1:{ports['http']}/health" for n in range(CONCURRENT)]
    await measure("HTTP", transport, [prepare("GET", plain, contexts=contexts)], count)
    await measure("HTTP, with a look-up", transport, [prepare("GET", url, contexts=contexts) for url in named], count)
    await measure("HTTPS", transport, [prepare("GET", tls, tls=trusted, contexts=contexts)], count // 4)
    resolver.close()


def certificates(directory: Path) -> None:
    authority = trustme.CA()
    server = authority.issue_cert("localhost", key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(directory / "ca.pem")
    server.private_key_and_cert_chain_pem.write_to_path(directory / "server.pem")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchanges", type=int, default=2000)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    options = parser.parse_args()
    factory: Callable[[], asyncio.AbstractEventLoop] | None = (
        uvloop.new_event_loop if options.loop == "uvloop" else None
    )
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        certificates(directory)
        command = [sys.executable, "-m", "benchmarks.transport_server", str(directory / "server.pem")]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
        try:
            assert server.stdout is not None
            ports = json.loads(server.stdout.readline())
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(run(options.exchanges, directory, ports))
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
