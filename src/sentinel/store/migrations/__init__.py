"""The schema's history: forward only, one file per revision."""
