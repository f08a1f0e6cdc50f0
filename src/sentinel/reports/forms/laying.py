"""From a document to what stands on the report."""

from collections.abc import Iterator
from datetime import datetime

from sentinel.base.units import format_duration
from sentinel.core.plan import Content
from sentinel.reports.deployment import outcome
from sentinel.reports.forms import (
    deployment,
    deployment_review,
    evidence,
    general,
    method,
    operations,
    releases,
    review,
)
from sentinel.reports.forms.edition import Edition
from sentinel.reports.forms.layout import Layout, Section
from sentinel.reports.forms.words import Zone, amount, counted, heading, tied
from sentinel.reports.report import ReportDocument

#: The first making.
FIRST = Edition()


def lay_out(document: ReportDocument, edition: Edition = FIRST) -> Layout:
    """The report of a document.

    Args:
        document: what it says.
        edition: which making of it this is.
    """
    when = Zone(document.zone)
    return Layout(
        title=f"{called(document)}: {document.source}",
        badge=document.overall.label,
        verdict=verdict(document),
        subtitle=f"{span(document, when)} · {document.period} · times in {document.zone}",
        correction=edition.words,
        # About one thing: sums over all that happened meanwhile would be taken for its own.
        tiles=() if is_about_one(document) else general.tiles(document),
        sections=tuple(_sections(document, when)),
        method=tuple(_method(document)),
        origin=tuple(_origin(document, when)),
        period=f"{when.short(_since(document))} to {when.short(document.until)} {document.zone}",
        running=f"{document.source} · {document.name} {document.period} · configuration {document.fingerprint}",
    )


def called(document: ReportDocument) -> str:
    """What the report is called: after its name, or after the deployment that it is about."""
    if document.deployment is not None:
        return f"Deployment of {document.deployment.line.label}"
    if (part := document.deployment_review) is not None:
        return f"Deployment of {part.line.label}, {format_duration(part.after)} later"
    return heading(document.name)


def verdict(document: ReportDocument) -> str:
    """What the badge says: the worst of its checks, what came of a deployment, or that it is too early for a review to say."""
    if document.deployment is not None:
        return outcome(document.deployment.line).upper()
    looks_back = document.review or document.deployment_review
    return "TOO EARLY" if looks_back is not None and looks_back.early else document.overall.label


def is_about_one(document: ReportDocument) -> bool:
    """Whether it is about one incident or one deployment, and not about all that happened in a period."""
    return document.contents[:1] in ((Content.REVIEW,), (Content.DEPLOYMENT,), (Content.DEPLOYMENT_REVIEW,))


def span(document: ReportDocument, when: Zone) -> str:
    """The time that it is about."""
    return f"{when(_since(document))} to {when(document.until)}"


def _since(document: ReportDocument) -> datetime:
    """When that begins. The readings of a deployment begin before it, to be compared with."""
    return document.deployment.line.started_at if document.deployment is not None else document.since


def _sections(document: ReportDocument, when: Zone) -> Iterator[Section]:
    """What the report is about first, then what lies beneath it, at last how it was made."""
    first, *more = document.contents or (Content.OPERATIONS,)
    if first is Content.DEPLOYMENT and document.deployment is not None:
        yield from deployment.sections(document.deployment, when, general.figures(document))
        return
    if first is Content.DEPLOYMENT_REVIEW and document.deployment_review is not None:
        yield from deployment_review.sections(document.deployment_review, when)
        return
    if first is not Content.OPERATIONS:
        yield from _part(document, first, when)
    yield general.checks(document, when)
    if Content.OPERATIONS in document.contents and (course := general.course(document)) is not None:
        yield course
    yield general.incidents(document, when)
    if first is Content.OPERATIONS:
        yield from _part(document, first, when)
    for content in more:
        yield from _part(document, content, when)
    if document.releases is not None:
        yield from releases.sections(document.releases, when)
    if (quiet := general.quiet(document, when)) is not None:
        yield quiet
    if document.method is not None:
        yield from method.sections(document.method, when)


def _part(document: ReportDocument, content: Content, when: Zone) -> Iterator[Section]:
    if content is Content.OPERATIONS and document.operations is not None:
        yield from operations.sections(document.operations)
    elif content is Content.AUDIT and document.audit is not None:
        yield from evidence.audit(document.audit)
    elif content is Content.HIPAA and document.hipaa is not None:
        yield from evidence.hipaa(document.hipaa)
    elif content is Content.REVIEW and document.review is not None:
        yield from review.sections(document.review, when)


def _method(document: ReportDocument) -> Iterator[str]:
    if document.method is None:
        yield f"{document.formula[:1].upper()}{document.formula[1:]}."
        yield tied("Quantiles are at most 2 % off.")
    yield f"Figures come from {amount(document.samples)} results of {counted(len(document.checks), 'check')}."


def _origin(document: ReportDocument, when: Zone) -> Iterator[str]:
    yield f"As of {when(document.made_at)}, by Sentinel {document.version}"
    yield f"{document.config}, configuration {document.fingerprint}"
