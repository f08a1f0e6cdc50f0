"""AuraConnect, a payroll system: PostgreSQL, Redis, a table of background jobs, HTTPS in front, two containers."""
