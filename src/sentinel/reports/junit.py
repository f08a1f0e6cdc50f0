"""A verification as JUnit XML, which Jenkins, GitLab and GitHub's actions show beside the tests of a pipeline.

There is no one standard. This keeps to what the schema of Jenkins' xUnit plug-in (junit-10.xsd) allows, and what GitLab reads:
`testsuites` > `testsuite` > `testcase`, in each at most one `failure` or `error`; times in seconds with three places.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sentinel.reports.text import Json, clean
from sentinel.reports.verification_text import holds

#: Of a verification without a system.
_WHOLE = "sentinel"


def junit(document: Json) -> bytes:
    """The document of a verification that is over, in its JSON form, as XML in UTF-8."""
    counts = _counts(document)
    whole = Element("testsuites", {"name": "sentinel deploy verify", **counts})
    system = clean(document["system"]) or _WHOLE
    began = document["began_at"].partition(".")[0].rstrip("Z")
    suite = SubElement(whole, "testsuite", {"name": system, **counts, "skipped": "0", "timestamp": began})
    _add_properties(suite, document)
    for check in document["checks"]:
        _add_case(suite, check, system)
    indent(whole)
    written: bytes = tostring(whole, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _counts(document: Json) -> dict[str, str]:
    return {
        "tests": str(len(document["checks"])),
        "failures": str(document["failed"]),
        "errors": str(document["unknown"]),
        "time": _seconds(document["took"] or 0.0),
    }


def _add_properties(suite: Element, document: Json) -> None:
    known = {
        "source": document["source"],
        "system": document["system"],
        "environment": document["environment"],
        "tags": ",".join(document["tags"]),
        "by": document["by"],
        "verdict": document["verdict"] or "",
    }
    properties = SubElement(suite, "properties")
    for name, value in known.items():
        SubElement(properties, "property", {"name": name, "value": clean(value)})


def _add_case(suite: Element, check: Json, system: str) -> None:
    name, time = clean(check["name"]), _seconds(check["took"])
    case = SubElement(suite, "testcase", {"name": name, "classname": f"{system}.{clean(check['kind'])}", "time": time})
    said, hint = clean(check["explanation"]), clean(check["hint"])
    if check["outcome"] == "unknown":
        trouble = SubElement(case, "error", {"type": check["failure"] or "unknown", "message": said})
    elif not holds(check):
        trouble = SubElement(case, "failure", {"type": check["failure"] or check["kind"], "message": said})
    else:
        if said:
            SubElement(case, "system-out").text = said
        return
    trouble.text = "\n".join(filter(None, (said, hint and f"hint: {hint}")))


def _seconds(value: float) -> str:
    return f"{value:.3f}"
