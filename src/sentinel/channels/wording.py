"""The words of messages by templates: the built-in ones, or a user's in their place.

A user's template was tried with samples when the configuration was read. Should it fail nevertheless, the built-in words are
sent, and Sentinel's own check says so: a message never waits for its looks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import structlog

from sentinel.channels.attachments import ROWS_SHOWN
from sentinel.channels.clean import block, one_line, shorten
from sentinel.channels.headline import Tone, number
from sentinel.channels.payload import MEANINGS, facts
from sentinel.channels.render import SUBJECT_LIMIT, Words, words
from sentinel.channels.templating import BadTemplate, Fault, UserTemplate, built_in
from sentinel.core.notification import Message

log = structlog.get_logger()

#: On white letters each of these has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
COLOURS: Final = {Tone.CRITICAL: "#b3261e", Tone.WARNING: "#8f5a00", Tone.GOOD: "#1d7440", Tone.CALM: "#56606d"}

#: What each variable of a template is, for the documentation. Of `chart` the fields are `cid` and `alt`.
VARIABLES: Final[Mapping[str, str]] = {
    "m": "The words that Sentinel would send.",
    "message": "The facts, as a webhook gets them.",
    "notes": "Sentences about files that could not be sent along. Of mails.",
    "chart": "The chart of the reading around the outage; not there for most. Of mails.",
    "colour": "The colour of the message's tone. Of mails.",
    "colours": "The colours by tone. Of mails.",
}

#: Those of mails, which a headline has not.
MAIL_ONLY: Final = ("notes", "chart", "colour", "colours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart as a mail shows it."""

    cid: str  # its Content-ID
    alt: str  # what it shows, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class MailWords:
    """The three texts of a mail."""

    subject: str
    text: str
    html: str


def variables(template: str) -> dict[str, Sequence[str]]:
    """What a template of that name is given: each variable with its fields, without any where they differ."""
    known: dict[str, Sequence[str]] = {
        "m": [field.name for field in fields(Words)],
        "message": list(MEANINGS[Message]),
    }
    if template == "headline.txt":
        return known
    return known | dict.fromkeys(MAIL_ONLY, ())


class Wording:
    """The words of one plan."""

    def __init__(self, sources: Mapping[str, str] | None = None) -> None:
        """Compile the templates of a user, by the names of their files.

        Raises:
            BadTemplate: one of them cannot be used.
        """
        self._own = {name: UserTemplate(name, text, variables(name)) for name, text in (sources or {}).items()}
        self.trouble = ""  # which template failed last, and how

    def words(self, message: Message) -> Words:
        """The words for a message."""
        said = words(message)
        if "headline.txt" not in self._own:
            return said
        line = self._attempt("headline.txt", {"m": _shown(said), "message": facts(message)}, lambda: said.headline)
        return _with_headline(said, line, message)

    def mail(
        self, said: Words, message: Message, *, notes: Sequence[str] = (), picture: Picture | None = None
    ) -> MailWords:
        """The texts of a mail."""
        given = given_to(message, notes, picture, said)
        return MailWords(
            subject=self._mail_part("subject.txt", given),
            text=self._mail_part("text.txt", given),
            html=self._mail_part("mail.html", given),
        )

    def _mail_part(self, name: str, given: Mapping[str, object]) -> str:
        def ours() -> str:
            return built_in(name).render(given)

        return self._attempt(name, given, ours) if name in self._own else ours()

    def _attempt(self, name: str, given: Mapping[str, object], ours: Callable[[], str]) -> str:
        try:
            made = block(self._own[name].render(given))
        except BadTemplate as error:
            self._note(name, error.fault)
            return ours()
        if not made.strip():
            self._note(name, Fault(line=1, found="no text at all", expected="some"))
            return ours()
        return made

    def _note(self, name: str, fault: Fault) -> None:
        if not self.trouble:
            log.warning("template.failed", template=name, line=fault.line, found=fault.found)
        self.trouble = f"{name}, {fault}"


def given_to(
    message: Message, notes: Sequence[str] = (), picture: Picture | None = None, said: Words | None = None
) -> dict[str, object]:
    """What the templates of a mail are given."""
    said = said or words(message)
    return {
        "m": _shown(said),
        "message": facts(message),
        "notes": tuple(notes),
        "chart": picture,
        "colour": COLOURS[said.tone],
        "colours": COLOURS,
    }


def _shown(said: Words) -> Words:
    """The words with as many rows as the body of a mail shows."""
    return replace(said, rows=said.rows[:ROWS_SHOWN])


def _with_headline(said: Words, line: str, message: Message) -> Words:
    headline = shorten(one_line(line), SUBJECT_LIMIT)
    subject = shorten(f"[{said.tag}] {headline}", SUBJECT_LIMIT) + number(message)
    return replace(said, headline=headline, subject=subject)


def load_templates() -> None:
    """Read and compile every built-in template, so that no mail has to wait for it."""
    for name in ("subject.txt", "text.txt", "mail.html", "chart.svg"):
        built_in(name)
