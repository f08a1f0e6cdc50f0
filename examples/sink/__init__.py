"""A local sink: receives mail, Slack calls and webhooks on loopback, and shows them. It passes nothing on."""
