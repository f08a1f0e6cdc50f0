"""The public status page: from the section of the file to components and the checks that stand for them."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sentinel.config.checks import CheckPart
from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.problems import Problems, did_you_mean
from sentinel.config.read import read
from sentinel.config.schema.status_page import ComponentEntry, ComponentGroupEntry, StatusPageEntry
from sentinel.config.tls import tls_files
from sentinel.core.component import Component, ComponentGroup, StatusPagePlan
from sentinel.core.plan import WebPlan

AT: KeyPath = ("status_page",)

#: One query for the bars asks for as many checks at most.
MOST_CHECKS = 500


def compile_status_page(loaded: Loaded, checks: Sequence[CheckPart], web: WebPlan) -> StatusPagePlan | None:
    """The section as a value, None where there is none; what is wrong with it is noted."""
    if "status_page" not in loaded.tree:
        return None
    entry = read(StatusPageEntry, loaded.tree["status_page"], AT, loaded.problems)
    if entry is None:
        return None
    groups = _Groups(checks, loaded.problems).compile(entry.groups)
    _refuse_same_address(entry, web, loaded.problems)
    plan = StatusPagePlan(
        title=entry.title,
        text=entry.text,
        link=entry.link.rstrip("/"),
        host=entry.host,
        port=entry.port,
        tls=tls_files(loaded, entry.tls, (*AT, "tls")),
        groups=groups,
        days=entry.history // timedelta(days=1),
        automatic_after=entry.automatic_after if entry.automatic else None,
        language=entry.language,
        words=entry.words.model_dump(),
    )
    _refuse_too_many(plan, loaded.problems)
    return plan


class _Groups:
    """Reads groups; knows which names are taken."""

    def __init__(self, checks: Sequence[CheckPart], problems: Problems) -> None:
        self._checks = checks
        self._problems = problems
        self._taken: dict[str, str] = {"overall": "the whole page"}  # slugs, with what has each

    def compile(self, entries: Sequence[ComponentGroupEntry]) -> tuple[ComponentGroup, ...]:
        return tuple(self._group((*AT, "groups", number), entry) for number, entry in enumerate(entries))

    def _group(self, path: KeyPath, entry: ComponentGroupEntry) -> ComponentGroup:
        components = (self._component((*path, "components", n), one) for n, one in enumerate(entry.components))
        return ComponentGroup(name=entry.name, components=tuple(components))

    def _component(self, path: KeyPath, entry: ComponentEntry) -> Component:
        return Component(
            name=entry.name,
            slug=self._slug((*path, "name"), entry.name),
            checks=self._meant(path, entry),
            description=entry.description,
        )

    def _slug(self, path: KeyPath, name: str) -> str:
        slug = slug_of(name)
        if not slug:
            self._problems.add(path, repr(name), "a name with at least one letter or digit: it stands in addresses")
        elif slug in self._taken:
            other = self._taken[slug]
            hint = f"its address is that of {other}" if other != repr(name) else ""
            self._problems.add(path, repr(name), "a name that no other component has", hint)
        self._taken.setdefault(slug, repr(name))
        return slug

    def _meant(self, path: KeyPath, entry: ComponentEntry) -> tuple[str, ...]:
        """The names of the checks, those that are not enabled left out."""
        known = {part.check.name: part for part in self._checks}
        if not self._problems.concerns(("checks",)):  # else not every check may be known
            self._refuse_unknown(path, entry, known)
        if not entry.checks and not entry.tags:
            self._problems.add(path, "a component without checks", "`checks` or `tags` that say what stands for it")
        wanted = [*entry.checks, *(name for name, part in known.items() if part.check.tags & set(entry.tags))]
        return tuple(name for name in dict.fromkeys(wanted) if name in known and known[name].entry.enabled)

    def _refuse_unknown(self, path: KeyPath, entry: ComponentEntry, known: Mapping[str, CheckPart]) -> None:
        tags = {tag for part in self._checks for tag in part.check.tags}
        for number, name in enumerate(entry.checks):
            if name not in known:
                self._problems.add(
                    (*path, "checks", number), repr(name), "the name of a check", did_you_mean(name, known)
                )
        for number, tag in enumerate(entry.tags):
            if tag not in tags:
                self._problems.add(
                    (*path, "tags", number), repr(tag), "a tag that some check has", did_you_mean(tag, tags)
                )


def slug_of(name: str) -> str:
    """What stands for a name in addresses: its letters and digits, in small letters, with `-` between words."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def _refuse_same_address(entry: StatusPageEntry, web: WebPlan, problems: Problems) -> None:
    if entry.port and entry.port == web.port and entry.host == web.host:
        hint = "what is public has an address of its own"
        problems.add((*AT, "port"), str(entry.port), "another port than `web.port`", hint)


def _refuse_too_many(plan: StatusPagePlan, problems: Problems) -> None:
    count = len({name for component in plan.components for name in component.checks})
    if count > MOST_CHECKS:
        problems.add((*AT, "groups"), f"{count} checks", f"at most {MOST_CHECKS} checks on the page")
