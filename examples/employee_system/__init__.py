"""The Employee Management System: employees and departments in PostgreSQL, HTTPS in front, managed by systemd or PM2."""
