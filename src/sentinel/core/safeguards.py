"""The lines of the HIPAA checklist by their names in the configuration."""

from enum import StrEnum


class Safeguard(StrEnum):
    """What a line of the checklist is about."""

    ENCRYPTION_IN_TRANSIT = "encryption_in_transit"
    ENCRYPTION_AT_REST = "encryption_at_rest"
    ACCESS_CONTROL = "access_control"
    AUDIT_LOGGING = "audit_logging"
    AUTHENTICATION = "authentication"
    DATA_INTEGRITY = "data_integrity"
    BACKUPS = "backups"
