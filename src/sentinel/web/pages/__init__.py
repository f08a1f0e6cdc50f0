"""The dashboard: pages for people, made on the server, that work without JavaScript."""
