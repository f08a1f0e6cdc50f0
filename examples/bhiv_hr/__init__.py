"""The gateway of the BHIV HR platform: modules, workflows, background tasks, detailed health and Prometheus metrics."""
