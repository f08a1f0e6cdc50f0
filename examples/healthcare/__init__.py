"""The healthcare reference service: users, roles, patients, login, an audit log, and a switch per fault."""
