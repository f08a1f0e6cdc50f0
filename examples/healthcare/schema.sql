CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS roles (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
-- Foreign keys are declared and not enforced, as SQLite has it by default: orphaned assignments can happen.
CREATE TABLE IF NOT EXISTS user_roles (
    user_id INTEGER NOT NULL REFERENCES users (id),
    role_id INTEGER NOT NULL REFERENCES roles (id),
    assigned_at TEXT NOT NULL,
    PRIMARY KEY (user_id, role_id)
);
CREATE TABLE IF NOT EXISTS patients (
    id INTEGER PRIMARY KEY,
    record_number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    birth_year INTEGER NOT NULL,
    ward TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS audit_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT,
    action TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT,
    source_ip TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('allowed', 'refused')),
    correlation_id TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
-- What a fault took out of the audit log or changed there, as it was.
CREATE TABLE IF NOT EXISTS audit_log_aside AS SELECT * FROM audit_log WHERE 0;
CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT PRIMARY KEY);
CREATE INDEX IF NOT EXISTS audit_log_correlation ON audit_log (correlation_id);
CREATE INDEX IF NOT EXISTS audit_log_at ON audit_log (at);
CREATE TABLE IF NOT EXISTS revoked_tokens (
    token_id TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
);
