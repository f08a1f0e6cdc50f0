"""One file per revision of the schema, never changed once released."""
