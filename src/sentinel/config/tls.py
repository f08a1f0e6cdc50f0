"""The certificate of a listener: from the names of its files to files that a server can use."""

import ssl

from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.schema.web import TlsEntry
from sentinel.core.tls import TlsFiles


def tls_files(loaded: Loaded, entry: TlsEntry | None, at: KeyPath) -> TlsFiles | None:
    """The files, once it is known that a server can use them; None where there are none.

    Args:
        loaded: what is wrong is noted there.
        entry: of the listener.
        at: where it stands in the file.
    """
    if entry is None:
        return None
    files = TlsFiles(certificate=loaded.places.resolve(entry.certificate), key=loaded.places.resolve(entry.key))
    for key, path in (("certificate", files.certificate), ("key", files.key)):
        if not path.is_file():
            loaded.problems.add((*at, key), f"{getattr(entry, key)!r}, where there is no file", "a file, PEM")
            return files
    try:
        # Without a password of its own OpenSSL would ask the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key, password="")
    except (ssl.SSLError, OSError) as error:
        why = getattr(error, "reason", "") or "not readable"
        hint = "the key has to belong to the first certificate of the file, without a password, and be readable"
        loaded.problems.add(at, f"files of no use: {why}", "a certificate and its key, PEM", hint)
    return files
