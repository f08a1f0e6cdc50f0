-- The tables of the system, and a few people who do not exist.
CREATE TABLE departments (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE users (id serial PRIMARY KEY, username text NOT NULL UNIQUE, role text NOT NULL);
CREATE TABLE employees (
    id serial PRIMARY KEY,
    first_name text NOT NULL,
    last_name text NOT NULL,
    position text NOT NULL,
    department_id integer REFERENCES departments (id),
    phone text,
    emergency_contact text
);
CREATE INDEX idx_employees_last_name ON employees (last_name);
CREATE TABLE schedules (
    id serial PRIMARY KEY,
    employee_id integer NOT NULL CONSTRAINT schedules_employee REFERENCES employees (id) ON DELETE CASCADE,
    day date NOT NULL
);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('f0e91b6c22aa');
INSERT INTO departments (name) VALUES ('Testing'), ('Kitchen'), ('Service');
INSERT INTO users (username, role) VALUES ('monitor-admin', 'admin'), ('monitor-clerk', 'clerk');
INSERT INTO employees (first_name, last_name, position, department_id)
    SELECT 'Mary', 'Canary ' || n, 'Cook', 1 + n % 3 FROM generate_series(1, 100) AS n;
INSERT INTO schedules (employee_id, day) SELECT id, current_date FROM employees;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO employee_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO employee_app;
GRANT SELECT (id, department_id) ON employees TO sentinel_monitor;
GRANT SELECT (id, employee_id) ON schedules TO sentinel_monitor;
GRANT SELECT ON departments, alembic_version TO sentinel_monitor;
GRANT SELECT (id, role) ON users TO sentinel_monitor;
GRANT pg_monitor TO sentinel_monitor;
