"""Mails as they are written."""

import email
import email.policy
import re
from dataclasses import fields, replace
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment

from sentinel.channels.attachments import FILES_LIMIT
from sentinel.channels.chart import Chart
from sentinel.channels.mail import Mail, Sheet, compose, message_id
from sentinel.channels.render import Line, Row, Words
from sentinel.channels.templating import environment as templates
from sentinel.channels.wording import Picture, Wording
from sentinel.core.notification import Kind, Message, Receipt
from tests.kit.messages import NOW, OPENED, OTHERS, message, news, notification

SHEET = Sheet(sender=Address("Sentinel", addr_spec="sentinel@example.org"), source="Ward 7", wording=Wording())
CHART = Chart(png=b"\x89PNG", alt="response time from 02:30 to 03:18 UTC: 200 ms to 6.2 s")


def written(
    told: Message = OPENED, *, first: Receipt | None = None, key: str = "m-12-1-mail", chart: Chart | None = None
) -> Mail:
    one = notification(told, to="kim@example.org", key=key)
    return compose(one, SHEET, first=first, now=NOW, chart=chart)


def read(mail: Mail) -> EmailMessage:
    parsed = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content


def test_the_headers_say_who_what_and_that_a_robot_wrote_it() -> None:
    assert dict(read(written()).items()) | {"Content-Type": "", "MIME-Version": ""} == {
        "From": "Sentinel <sentinel@example.org>",
        "To": "kim@example.org",
        "Subject": "[CRITICAL] Payroll API: response_time is 6.2 s, above 5 s (incident 12, level 1 of 3)",
        "Date": "Mon, 02 Mar 2026 03:18:05 +0000",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": "<ward-7.sentinel.example.org>",
        "Message-ID": "<m-12-1-mail@example.org>",
        "MIME-Version": "",
        "Content-Type": "",
    }


def test_text_and_html_say_the_same() -> None:
    mail = read(written())
    for kind in ("plain", "html"):
        assert 'sentinel ack 12 --why "on it"' in part(mail, kind).replace("&#34;", '"')
        assert "6.2 s, above 5 s" in part(mail, kind)


def test_the_whole_text_of_a_recovery() -> None:
    assert part(read(written(message(Kind.RESOLVED))), "plain").replace("\r\n", "\n") == (
        "RESOLVED: Payroll API: well again after 18 min\n\n"
        "What:              Payroll API (http check payroll-api)\n"
        "From:              2026-03-02 03:00:05 UTC\n"
        "To:                2026-03-02 03:18:05 UTC\n"
        "Lasted:            18 min\n"
        "It was:            response_time is 6.2 s, above 5 s\n"
        "Runbook:           https://example.org/runbooks/payroll\n"
        "Look at:           https://sentinel.example.org/incidents/12\n\n"
        "-- \nSentinel ward, 2026-03-02 03:18:05 UTC\n"
    )


def test_later_mails_continue_the_thread_of_the_first() -> None:
    mail = read(written(first={"message_id": "<m-12-0@example.org>"}))
    assert mail["In-Reply-To"] == mail["References"] == "<m-12-0@example.org>"


@pytest.mark.parametrize("receipt", [{}, {"message_id": ""}, {"message_id": "<a\r\nBcc: x@example.org>"}])
def test_a_receipt_without_a_message_id_begins_a_new_thread(receipt: Receipt) -> None:
    assert read(written(first=receipt))["References"] is None


@pytest.mark.parametrize("key", ["k" * 200, "a b", "a\r\nb", "é", "a..b"])
def test_every_key_makes_a_valid_message_id_and_always_the_same(key: str) -> None:
    identity = message_id(key, "example.org")
    assert identity == message_id(key, "example.org")
    assert identity.removesuffix("@example.org>").removeprefix("<").isalnum()


def names(content: bytes) -> list[bytes]:
    """The names of the headers, as a mail server would read them."""
    head = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b":")[0] for line in head if line[:1] != b" "]


EVIL = [
    "\r\nBcc: x",
    "\nBcc: x",
    "\r",
    "\0",
    "\ud800",
    "\x1b",
    "=?utf-8?q?=0ABcc:?=",
    "=?utf-8?b?DQpCY2M6?=",
    "=",
    "?",
    " ",
]


@settings(max_examples=60, deadline=None)  # a busy machine is no failure
@given(st.lists(st.sampled_from(EVIL) | st.text(max_size=20), max_size=12).map("".join))
def test_no_text_adds_a_header_or_a_line(evil: str) -> None:
    """H20."""
    told = replace(OPENED, explanation=evil, source=evil, title=evil, hint=evil)
    head = written(told).content.partition(b"\r\n\r\n")[0]
    assert head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")
    assert [name for name in names(head) if name != b"Content-Transfer-Encoding"] == names(written().content)


def test_the_name_of_a_file_adds_no_header(tmp_path: Path) -> None:
    evil = tmp_path / "=?utf-8?q?=0ABcc:?=.json"
    evil.write_text("{}")
    content = written(replace(message(Kind.REPORT), files=(str(evil),))).content
    assert b"\nBcc" not in content


def test_lines_are_short_and_plain_whatever_was_said() -> None:
    told = replace(OPENED, explanation="é" * 5_000, hint="x" * 5_000, text="y" * 9_000 + "\n.\n")
    content = written(told).content
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.isascii()


def test_html_is_escaped() -> None:
    page = part(read(written(replace(OPENED, explanation="<img src=x onerror=alert(1)>"))), "html")
    assert "<img" not in page
    assert "&lt;img" in page


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = part(read(written(replace(OPENED, link=""))), "html")
    assert not any(word in page for word in ("src=", "@import", "url(", "<link", "<script"))


def test_a_runbook_and_a_page_can_be_tapped_and_nothing_else() -> None:
    told = replace(OPENED, explanation="https://evil.example.org/")
    assert re.findall(r'href="([^"]+)"', part(read(written(told)), "html")) == [
        "https://example.org/runbooks/payroll",
        "https://sentinel.example.org/incidents/12",
        "https://sentinel.example.org/incidents/12",
    ]


def test_the_chart_comes_along_and_is_shown_and_told_in_words() -> None:
    mail = read(written(chart=CHART))
    (picture,) = (one for one in mail.walk() if one.get_content_type() == "image/png")
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in part(mail, "html")
    assert picture.get_content_disposition() == "inline"
    for kind in ("plain", "html"):
        assert CHART.alt in part(mail, kind)


def digest(size: int) -> Message:
    return replace(message(Kind.DIGEST), news=tuple(news(n) for n in range(1, size + 1)), others_count=size)


def test_a_digest_lists_what_it_stands_for() -> None:
    mail = read(written(message(Kind.DIGEST)))
    assert "RESOLVED      Till 4: connection refused (incident 4)" in part(mail, "plain")
    assert part(mail, "html").count("connection refused") == 4
    assert not list(mail.iter_attachments())


def test_a_digest_of_5000_messages_shows_the_first_and_brings_the_whole_list() -> None:
    mail = read(written(digest(5_000)))
    (file,) = mail.iter_attachments()
    listed = file.get_content().splitlines()
    assert (file.get_filename(), sum("connection refused" in line for line in listed)) == ("incidents.txt", 5_000)
    assert "4950 more are in incidents.txt" in part(mail, "plain")
    assert part(mail, "plain").count("connection refused") == 50


def test_whoever_broke_with_it_is_listed_when_a_line_has_no_room_for_all() -> None:
    many = tuple(replace(OTHERS[0], check=f"till-{n}", title=f"Till {n}", incident=n) for n in range(1, 21))
    mail = read(written(replace(OPENED, others=many, others_count=20)))
    assert all(f"Till {n}" in part(mail, "plain") for n in range(1, 21))


def test_a_report_brings_its_page_and_its_other_files(tmp_path: Path) -> None:
    (tmp_path / "day.html").write_text("<h1>Uptime</h1>")
    (tmp_path / "day.json").write_text("{}")
    files = (str(tmp_path / "day.html"), str(tmp_path / "day.json"))
    mail = read(written(replace(message(Kind.REPORT), files=files)))
    assert part(mail, "html").strip() == "<h1>Uptime</h1>"
    assert "payroll-api  99.95 %" in part(mail, "plain")
    assert [attached.get_filename() for attached in mail.iter_attachments()] == ["day.json"]


def test_a_report_shows_the_page_that_was_made_for_mails_and_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "day.mail.html").write_text('<!--notes--><img src="cid:uptime.png"><img src="cid:speed.png">')
    for name in ("day.uptime.png", "day.speed.png", "day.html", "day.pdf"):
        (tmp_path / name).write_bytes(name.encode())
    names = ("day.mail.html", "day.uptime.png", "day.speed.png", "day.html", "day.pdf", "gone.csv")
    mail = read(written(replace(message(Kind.REPORT), files=tuple(str(tmp_path / name) for name in names))))
    shown = {inner["Content-ID"][1:-1]: inner.get_content() for inner in mail.walk() if inner["Content-ID"]}
    assert list(shown.values()) == [b"day.uptime.png", b"day.speed.png"]
    assert all(f"cid:{name}" in part(mail, "html") for name in shown)
    assert "gone.csv is not attached" in part(mail, "html")
    assert [attached.get_filename() for attached in mail.iter_attachments()] == ["day.html", "day.pdf"]


def test_a_report_without_its_file_is_sent_as_text_that_says_so(tmp_path: Path) -> None:
    mail = read(written(replace(message(Kind.REPORT), files=(str(tmp_path / "day.html"),))))
    assert "day.html is not attached" in part(mail, "plain")
    assert str(tmp_path) not in part(mail, "plain")


def test_a_file_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "day.json").write_bytes(b"x" * (FILES_LIMIT + 1))
    mail = written(replace(message(Kind.REPORT), files=(str(tmp_path / "day.json"),)))
    assert len(mail.content) < 20_000
    assert "day.json is not attached" in part(read(mail), "plain")


def test_the_templates_use_exactly_the_words() -> None:
    known = {field.name for field in (*fields(Words), *fields(Line), *fields(Row), *fields(Picture))}
    used = {name for template in ("subject.txt", "text.txt", "mail.html") for name in attributes(template)}
    assert used == known - {"at"}  # which stands in the whole list


def test_templates_are_sandboxed_and_know_no_other_names() -> None:
    assert isinstance(templates(), SandboxedEnvironment)
    with pytest.raises(jinja2.UndefinedError):
        templates().from_string("{{ nonesuch }}").render()


def attributes(template: str) -> set[str]:
    environment = templates()
    assert environment.loader is not None
    source, *_ = environment.loader.get_source(environment, template)
    return {node.attr for node in environment.parse(source).find_all(nodes.Getattr)}
