-- What the guide's migration makes, and a few people who do not exist.
CREATE TABLE employees (
    id varchar(10) PRIMARY KEY,
    name_tw text NOT NULL,
    name_en text NOT NULL,
    dob date NOT NULL,
    identity_number text NOT NULL,
    salary numeric NOT NULL,
    contact text NOT NULL,
    department_code varchar(10) NOT NULL,
    job_title text NOT NULL,
    source text NOT NULL DEFAULT 'hrs',
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_employees_department_code ON employees (department_code);
CREATE UNIQUE INDEX idx_employees_identity_number ON employees (identity_number);
CREATE TABLE employee_audit_log (
    id serial PRIMARY KEY,
    action varchar(10) NOT NULL,
    employee_id varchar(10) NOT NULL,
    changed_by varchar(100) NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE sync_jobs (
    id serial PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL,
    total integer NOT NULL,
    done integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('beb7f4fa17b3');
INSERT INTO employees (id, name_tw, name_en, dob, identity_number, salary, contact, department_code, job_title)
    SELECT 'VNW' || lpad(n::text, 7, '0'), 'Canary ' || n, 'Mary Canary', '1990-04-01', 'ID-CANARY-' || n, 1234567,
           'mary.canary@example.org', 'D' || n % 7, 'Technician'
    FROM generate_series(1, 200) AS n;
INSERT INTO employees (id, name_tw, name_en, dob, identity_number, salary, contact, department_code, job_title)
    VALUES ('VNW0006204', 'Sentinel', 'Mary Canary', '1990-04-01', 'ID-VNW0006204', 1, 'x', 'D4', 'Technician');
INSERT INTO sync_jobs (kind, status, total, done, created_at, started_at, finished_at)
    VALUES ('bulk', 'completed', 100, 100, now() - interval '9 minutes', now() - interval '8 minutes',
            now() - interval '5 minutes');
CREATE VIEW employee_count AS SELECT count(*) AS employees FROM employees;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON employees TO app_user;
GRANT SELECT, INSERT ON employee_audit_log TO app_user;
GRANT SELECT, INSERT, UPDATE ON sync_jobs TO app_user;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app_user;
GRANT SELECT ON employee_count, sync_jobs, employee_audit_log, alembic_version TO sentinel_monitor;
GRANT SELECT (id) ON employees TO sentinel_monitor;
GRANT pg_monitor TO sentinel_monitor;
