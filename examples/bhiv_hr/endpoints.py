"""The OpenAPI document of the platform: six modules with their endpoints, of which the demo serves a few."""

from typing import Any

MODULES = ("core", "candidates", "jobs", "auth", "workflows", "monitoring")
PER_MODULE = 15  # paths, each with GET and POST: 180 endpoints, and a few more below
SERVED = {
    "/health": ("get",),
    "/health/detailed": ("get",),
    "/metrics": ("get",),
    "/system/modules": ("get",),
    "/system/architecture": ("get",),
    "/v1/jobs": ("get",),
    "/v1/auth/security/rate-limit-status": ("get",),
    "/v1/workflows": ("post",),
    "/v1/workflows/{workflow_id}": ("get", "delete"),
    "/v1/workflows/{workflow_id}/start": ("post",),
}
OLD = 20  # endpoints of the monolithic version


def document(*, old: bool = False, drifted: bool = False) -> dict[str, Any]:
    """The whole document; of the old version; or with one endpoint gone and another new."""
    paths = {path: {method: _operation(method, path) for method in methods} for path, methods in SERVED.items()}
    for module in MODULES:
        for number in range(PER_MODULE):
            path = f"/v1/{module}/resource-{number:02}"
            paths[path] = {method: _operation(method, path) for method in ("get", "post")}
    if old:
        paths = dict(list(paths.items())[: OLD - 3])
    if drifted:
        paths["/v1/debug/shell"] = {"post": _operation("post", "/v1/debug/shell")}
        del paths["/v1/jobs/resource-03"]
    return {"openapi": "3.1.0", "info": {"title": "BHIV HR Platform", "version": "3.2.1"}, "paths": paths}


def count() -> int:
    """Endpoints of the whole document."""
    return sum(len(methods) for methods in document()["paths"].values())


def _operation(method: str, path: str) -> dict[str, Any]:
    words = "".join(part.title() for part in path.replace("{", "").replace("}", "").replace("-", "/").split("/"))
    parameters = [{"name": "workflow_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    return {
        "operationId": f"{method}{words}",
        "parameters": parameters if "{" in path else [],
        "responses": {"200": {"description": "done"}},
    }
