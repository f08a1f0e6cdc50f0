-- The tables that the guide requires, with their indexes, and what they hang on.
CREATE TABLE staff (
    id integer PRIMARY KEY,
    tenant_id integer NOT NULL,
    full_name text NOT NULL,
    monthly_pay numeric NOT NULL
);
CREATE TABLE attendance_logs (
    id bigserial PRIMARY KEY,
    staff_id integer NOT NULL REFERENCES staff (id),
    check_in timestamptz NOT NULL,
    check_out timestamptz NOT NULL
);
CREATE TABLE payroll_configurations (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE staff_pay_policies (
    id serial PRIMARY KEY,
    staff_id integer NOT NULL REFERENCES staff (id),
    is_active boolean NOT NULL,
    effective_date date NOT NULL
);
CREATE TABLE overtime_rules (id serial PRIMARY KEY, jurisdiction text NOT NULL, factor numeric NOT NULL);
CREATE TABLE tax_approximation_rules (id serial PRIMARY KEY, jurisdiction text NOT NULL, rate numeric NOT NULL);
CREATE TABLE role_based_pay_rates (role text PRIMARY KEY, rate numeric NOT NULL);
CREATE TABLE payroll_job_tracking (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    job_type text NOT NULL,
    status text NOT NULL,
    progress integer NOT NULL DEFAULT 0,
    total_items integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    error_details text
);
CREATE INDEX idx_attendance_staff_period ON attendance_logs (staff_id, check_in, check_out);
CREATE INDEX idx_payroll_jobs_status_created ON payroll_job_tracking (status, created_at);
CREATE INDEX idx_staff_policies_active ON staff_pay_policies (staff_id, is_active, effective_date);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('7c1d5e90ab34');
INSERT INTO staff SELECT n, 1, 'Mary Canary ' || n, 4817.25 FROM generate_series(1, 50) AS n;
INSERT INTO attendance_logs (staff_id, check_in, check_out)
    SELECT id, now() - interval '9 hours', now() - interval '1 hour' FROM staff;
INSERT INTO payroll_configurations VALUES ('pay_period', 'monthly'), ('currency', 'USD');
INSERT INTO staff_pay_policies (staff_id, is_active, effective_date) SELECT id, true, '2026-01-01' FROM staff;
INSERT INTO overtime_rules (jurisdiction, factor) VALUES ('CA', 1.5), ('NY', 1.5);
INSERT INTO tax_approximation_rules (jurisdiction, rate) VALUES ('CA', 0.22), ('NY', 0.21);
INSERT INTO role_based_pay_rates VALUES ('server', 18), ('cook', 22);
-- A payroll that went well: 50 people in 40 seconds.
INSERT INTO payroll_job_tracking (job_type, status, progress, total_items, created_at, started_at, completed_at)
    VALUES ('batch_payroll', 'completed', 100, 50, now() - interval '3 minutes', now() - interval '2 minutes',
            now() - interval '80 seconds');
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO payroll_api;
GRANT pg_read_all_stats TO sentinel_monitor;
GRANT SELECT (id, status, progress, total_items, created_at, started_at, completed_at) ON payroll_job_tracking TO sentinel_monitor;
GRANT SELECT ON alembic_version TO sentinel_monitor;
