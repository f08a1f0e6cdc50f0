"""The OpenAPI document of the platform: six modules with their endpoints, of which the demo serves a few."""

import re
from itertools import islice
from typing import Any

MODULES = ("core", "candidates", "jobs", "auth", "workflows", "monitoring")
PER_MODULE = 15  # paths, each with GET and POST: 180 endpoints, and a few more below
SERVED = {
    "/health": ("get",),
    "/health/detailed": ("get",),
    "/metrics": ("get",),
    "/system/modules": ("get",),
    "/system/architecture": ("get",),
    "/v1/jobs": ("get", "post"),
    "/v1/jobs/{job_id}": ("delete",),
    "/v1/auth/security/rate-limit-status": ("get",),
    "/v1/workflows": ("post",),
    "/v1/workflows/{workflow_id}": ("get", "delete"),
    "/v1/workflows/{workflow_id}/start": ("post",),
}
OLD = 20  # endpoints of the monolithic version


def document(*, old: bool = False, drifted: bool = False) -> dict[str, Any]:
    """The whole document; of the old version; or with one endpoint gone and another new."""
    listed = [(path, method) for path, methods in SERVED.items() for method in methods]
    for module in MODULES:
        listed += [(f"/v1/{module}/resource-{n:02}", method) for n in range(PER_MODULE) for method in ("get", "post")]
    if drifted:
        listed.remove(("/v1/jobs/resource-03", "get"))
        listed.append(("/v1/debug/shell", "post"))
    paths: dict[str, Any] = {}
    for path, method in islice(listed, OLD if old else None):
        paths.setdefault(path, {})[method] = _operation(method, path)
    return {"openapi": "3.1.0", "info": {"title": "BHIV HR Platform", "version": "3.2.1"}, "paths": paths}


def count() -> int:
    """Endpoints of the whole document."""
    return sum(len(methods) for methods in document()["paths"].values())


def _operation(method: str, path: str) -> dict[str, Any]:
    words = "".join(part.title() for part in re.split(r"\W+", path))
    return {
        "operationId": f"{method}{words}",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", path)
        ],
        "responses": {"200": {"description": "done"}},
    }
