"""Templates that users write in place of the built-in words."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

import sentinel.channels
from sentinel.channels.render import words
from sentinel.channels.slack.compose import compose
from sentinel.channels.slack.options import SlackOptions
from sentinel.channels.templating import MOST_OUTPUT, BadTemplate, UserTemplate
from sentinel.channels.trial import samples, try_out
from sentinel.channels.wording import VARIABLES, Picture, Wording, given_to, variables
from sentinel.core.notification import Kind
from sentinel.core.templates import TEMPLATES
from tests.kit.messages import OPENED, message, news, notification

BUILT_IN = Path(sentinel.channels.__file__).with_name("templates")
DOCS = Path(__file__).parents[2] / "docs" / "alerting" / "messages.md"


def fault(text: str, name: str = "text.txt") -> str:
    """What is wrong with a template, as people read it."""
    (tried,) = try_out({name: text})
    assert tried.template == name
    return str(tried.fault)


def test_a_headline_of_ones_own_is_the_first_line_and_the_subject_of_every_channel() -> None:
    wording = Wording({"headline.txt": "{{ message.check.title | upper }} is ill: {{ message.explanation }}"})
    said = wording.words(OPENED)
    assert said.headline == "PAYROLL API is ill: response_time is 6.2 s, above 5 s"
    assert said.subject.startswith("[CRITICAL] PAYROLL API is ill")
    assert said.subject.endswith("(incident 12, level 1 of 3)")


def test_slack_says_it_in_the_words_of_the_user_too() -> None:
    options = SlackOptions.model_validate({"webhook_url": "https://hooks.slack.com/services/T0/B0/x"})
    wording = Wording({"headline.txt": "{{ message.check.title }} ist gestört"})
    assert compose("slack", options, notification(OPENED), wording).text.startswith(
        "[CRITICAL] Payroll API ist gestört"
    )


def test_each_text_of_a_mail_can_be_replaced_alone() -> None:
    texts = Wording({"subject.txt": "{{ m.tag }} {{ message.incident.id }}"}).mail(words(OPENED), OPENED)
    assert texts.subject == "CRITICAL 12"
    assert "Acknowledge with" in texts.text


def test_the_built_in_templates_of_mails_are_such_as_a_user_may_write() -> None:
    """So whoever wants a little less or more can begin with a copy of them."""
    assert try_out({name: (BUILT_IN / name).read_text() for name in TEMPLATES if (BUILT_IN / name).exists()}) == []


def test_samples_are_of_every_kind() -> None:
    assert {sample.kind for sample in samples()} == set(Kind)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n{{ m.headlin }}", "line 2: `m.headlin`; expected one of tone, tag, subject"),
        ("{{ mesage.kind }}", "line 1: `mesage`; expected one of chart, colour, colours, m, message, notes"),
        ("{% if message.severity == 'warning' %}\n{{ m.x }}{% endif %}", "line 2: `m.x`"),
        ("a\n{{ message.check.name }}", "line 2: `.name` of nothing; put it inside of an {% if … %}"),
        ("{% if message.check %}\n{{ message.check.nam }}{% endif %}", "line 2: `.nam`; there is name, title, kind"),
        ("{% for line in m.lines %}\n{{ line.lable }}{% endfor %}", "line 2: `.lable`; there is label, text"),
        ("{{ m.tag", "line 1: unexpected end of template"),
        ("{% if m.tag %}", "line 1: Unexpected end of template"),
        ("{{ m.tag | tojson }}", "line 1: the filter `tojson`; expected one of abs, capitalize"),
        ("{{ m.tag.upper() }}", "line 1: a call; expected"),
        ("{% for n in range(9) %}{% endfor %}", "line 1: a call; expected"),
        ("{% set a = 1 %}", "line 1: {% set %}; expected"),
        ("{% macro a() %}{% endmacro %}", "line 1: {% macro %}; expected"),
        ("{% include 'a' %}", "line 1: {% include %}; expected"),
        ("{{ 'a' * 1000000000 }}", "line 1: *; expected"),
        ("{{ '%999999999d' % 1 }}", "line 1: %; expected"),
        (
            "{% for a in m.lines %}{% for b in m.lines %}{% for c in m.lines %}{% endfor %}{% endfor %}{% endfor %}",
            "3 loops",
        ),
        ("{% for c in m.headline %}{{ c }}{% endfor %}", "line 1: a loop through something that is no list"),
        ("{{ m.tag + 1 }}", "line 1: an expression that fails (TypeError)"),
        ("{{ m.__class__.__mro__ }}", "line 1: `m.__class__`"),
        ("{{ message.check | default(m, true) }}{{ (m.lines | first).__class__ }}", "line 1: "),
        ("", "line 1: no text at all for a message of the kind `opened`"),
        ("x" * 70_000, "line 1: 70000 characters; expected at most 65536"),
        ("(" * 5 + "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "line 1: expressions within expressions"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_with_its_line_and_with_what_there_is(text: str, said: str) -> None:
    assert said in fault(text)


def test_a_headline_has_no_chart() -> None:
    assert "`chart`; expected one of m, message" in fault("{{ chart.alt }}", "headline.txt")


def test_a_page_of_ones_own_is_escaped() -> None:
    told = replace(OPENED, explanation="<img src=x onerror=alert(1)>")
    assert "<img" not in Wording({"mail.html": "<p>{{ message.explanation }}</p>"}).mail(words(told), told).html


def test_a_template_that_fails_gives_way_to_the_built_in_words_and_is_told() -> None:
    wording = Wording({"text.txt": "{{ message.check.title }}"})  # which was never tried
    texts = wording.mail(words(message(Kind.TEST)), message(Kind.TEST))
    assert "nothing is wrong" in texts.text
    assert wording.trouble.startswith("text.txt, line 1: `.title` of nothing")


def test_what_a_template_was_given_is_not_told_when_it_fails() -> None:
    wording = Wording({"text.txt": "{{ message.explanation + 1 }}"})
    wording.mail(words(OPENED), replace(OPENED, explanation="canary-4711"))
    assert wording.trouble
    assert "canary-4711" not in wording.trouble


def test_a_template_cannot_take_long_or_make_much() -> None:
    many = replace(message(Kind.DIGEST), news=tuple(map(news, range(5_000))), text="x" * 50_000)
    loops = "{% for a in m.rows %}{% for b in m.rows %}{{ m.body }}{% endfor %}{% endfor %}"
    began = time.perf_counter()
    with pytest.raises(BadTemplate, match=f"too much text; expected at most {MOST_OUTPUT}"):
        UserTemplate("text.txt", loops, variables("text.txt")).render(given_to(many))
    assert time.perf_counter() - began < 5.0


@pytest.mark.parametrize("text", ["{{ 1 | round(-999999999) }}", "{{ 1 | round(999999999) }}"])
def test_no_count_of_digits_keeps_the_processor_busy(text: str) -> None:
    """Python computes ten to the power of it, which took seconds for a million and hours for a milliard."""
    began = time.perf_counter()
    assert UserTemplate("text.txt", text, {}).render({}) == "1.0"
    assert time.perf_counter() - began < 1.0


def test_a_number_is_rounded_to_digits_behind_the_point() -> None:
    assert UserTemplate("text.txt", "{{ 6.249 | round(1) }}", {}).render({}) == "6.2"


def test_the_documentation_tells_every_template_variable_and_field() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [
        f"`{name}`"
        for name in (*TEMPLATES, *VARIABLES, *(f"m.{field}" for field in variables("text.txt")["m"]))
        if f"`{name}`" not in text
    ]
    assert missing == []


def test_the_variables_that_are_told_are_those_that_are_given() -> None:
    given = given_to(OPENED, (), Picture(cid="a@b", alt="c"))
    assert set(given) == set(VARIABLES) == set(variables("text.txt"))
    assert set(variables("headline.txt")) == {"m", "message"}
