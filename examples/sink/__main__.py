"""Starts the sink: python -m examples.sink --smtp-port 2525 --http-port 8025 --data DIR

SLACK_BOT_TOKEN and WEBHOOK_SECRET, where they are set, are the token and the secret that callers must use.
"""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

from examples.serving import LoopbackServer, listen
from examples.sink import mail
from examples.sink.app import application
from examples.sink.arrivals import Arrivals
from examples.sink.slack import Slack
from examples.sink.smtp import Envelope, SmtpReceiver
from examples.sink.terminal import show
from examples.sink.webhook import key_of


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    secret = os.environ.get("WEBHOOK_SECRET")
    try:
        key = key_of(secret) if secret else None
    except ValueError:
        return refuse("WEBHOOK_SECRET: whsec_ followed by the key in base64 is expected")
    try:
        smtp, smtp_port = listen(options.smtp_port)
        http, http_port = listen(options.http_port)
    except OSError as error:
        return refuse(f"port {options.smtp_port} or {options.http_port} cannot be used ({error.strerror})")
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    ready = f"sink page on http://127.0.0.1:{http_port}, mail on 127.0.0.1:{smtp_port}"
    asyncio.run(serve(smtp, http, options.data, key, ready))
    return 0


async def serve(smtp: socket.socket, http: socket.socket, directory: Path, key: bytes | None, ready: str) -> None:
    """Receives until SIGINT or SIGTERM."""
    arrivals = Arrivals(directory, show)

    async def deliver(envelope: Envelope, content: bytes) -> None:
        await arrivals.add(mail.readable(envelope, content), content)

    receiver = SmtpReceiver(deliver)
    await receiver.start(smtp)
    app = application(arrivals, Slack(arrivals, os.environ.get("SLACK_BOT_TOKEN")), key)
    try:
        await LoopbackServer(app, http, ready).run_until_signal()
    finally:
        await receiver.stop()


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Receive mail, Slack calls and webhooks on loopback, and show them.")
    parser.add_argument("--smtp-port", type=int, default=2525, help="0 takes a free one (default: 2525)")
    parser.add_argument("--http-port", type=int, default=8025, help="0 takes a free one (default: 8025)")
    parser.add_argument("--data", type=Path, required=True, help="directory for what arrives")
    return parser.parse_args(arguments)


def refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
