"""What a person configures for the `tls` probe."""

import ssl
from typing import Final, Literal

from pydantic import Field

from sentinel.probes.calls.places import HostField, PlaceOptions, PortField
from sentinel.probes.calls.requests import TlsOptions
from sentinel.probes.wire import TlsSetting

StartTls = Literal["smtp", "imap", "pop3", "ftp", "postgres", "ldap"]

#: The versions that are taken by "1.2" and "1.3".
VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class TlsCheckOptions(PlaceOptions):
    """Speaks TLS with a server and looks at its certificates, the version and what it refuses."""

    host: HostField
    """Name or address of the host."""
    port: PortField = 443
    """Its port."""
    starttls: StartTls | None = None
    """The protocol that begins in the clear and is asked to go on in TLS."""
    tls: TlsOptions = TlsOptions()
    """Whom to trust, which name to ask for, and Sentinel's own certificate. Without `verify`, trust and names are not judged."""
    names: tuple[HostField, ...] = Field(default=(), max_length=100)
    """More names that the certificate must be for, beside the one that is asked for."""
    lowest: Literal["1.2", "1.3"] = "1.2"
    """The lowest version of TLS that is taken."""
    try_old_versions: bool = False
    """See that TLS 1.0 and 1.1 are refused: a second connection in every run."""
    requires_client_certificate: bool = False
    """See that a client without a certificate is refused: one more connection in every run."""

    def setting(self, *, with_ours: bool = True) -> TlsSetting:
        """How to speak TLS, with Sentinel's own certificate or without."""
        given = self.tls.setting
        return TlsSetting(
            verify=given.verify,
            ca_file=given.ca_file,
            certificate_file=given.certificate_file if with_ours else None,
            key_file=given.key_file if with_ours else None,
            minimum_version=VERSIONS[self.lowest],
            protocol=None,
        )
