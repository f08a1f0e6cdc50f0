"""FHS ProSight: employees, synchronised from two outside APIs into PostgreSQL, on a host with systemd."""
