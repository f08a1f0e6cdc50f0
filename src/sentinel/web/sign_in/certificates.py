"""The certificate of the TCP port, read again when its files change, so that a renewal needs nobody."""

import ssl

import structlog

from sentinel.base.clock import Clock
from sentinel.core.tls import TlsFiles

log = structlog.get_logger()

#: Seconds between two looks at the files.
EVERY = 60.0


class Certificate:
    """What the port shows of itself."""

    def __init__(self, files: TlsFiles, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._seen = self._state()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(self.context)

    async def keep(self) -> None:
        """Look from time to time, until cancelled."""
        while True:
            await self._clock.sleep(EVERY)
            self.look()

    def look(self) -> bool:
        """Take new files into use; answers whether there were any. Files that cannot be used leave the old ones in force."""
        state = self._state()
        if state == self._seen:
            return False
        self._seen = state
        try:
            # First where nobody is served by it: a key that does not fit would be half in use otherwise.
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._load(self.context)
        except (ssl.SSLError, OSError) as error:
            log.error("certificate.not_renewed", file=str(self._files.certificate), why=type(error).__name__)
            return False
        log.info("certificate.renewed", file=str(self._files.certificate))
        return True

    def _load(self, context: ssl.SSLContext) -> None:
        # Without a password of its own OpenSSL would ask the terminal.
        context.load_cert_chain(self._files.certificate, self._files.key, password="")

    def _state(self) -> tuple[object, ...]:
        found: list[object] = []
        for file in (self._files.certificate, self._files.key):
            try:
                about = file.stat()
                found.append((about.st_mtime_ns, about.st_size, about.st_ino))
            except OSError:
                found.append(None)
        return tuple(found)
