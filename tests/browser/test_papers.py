"""Reports as pages and as mails, on the screens they are read on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.mail import mail_page
from sentinel.reports.forms.page import page
from tests.kit.hospital import daily_report

if TYPE_CHECKING:
    from tests.kit.browser import Chromium

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUT = "() => [...document.querySelectorAll('.card')].filter((one) => one.scrollWidth > one.clientWidth).length"


async def test_a_report_in_a_narrow_window_has_all_of_its_columns(chromium: Chromium) -> None:
    async with chromium.tab("http://127.0.0.1", size=(1000, 900)) as tab:
        await tab.page.set_content(page(lay_out(daily_report())))
        assert await tab.too_wide() == []
        assert await tab.page.evaluate(CUT) == 0


async def test_a_mail_on_a_phone_breaks_no_word_and_names_each_figure(chromium: Chromium) -> None:
    async with chromium.tab("http://127.0.0.1", size=(390, 800)) as tab:
        await tab.page.set_content(mail_page(lay_out(daily_report())).html)
        assert await tab.too_wide() == []
        assert await tab.page.locator(".rows .names").first.is_hidden()
        told = await tab.text(".rows >> nth=0")
        assert "p95 662 ms" in told.replace("\N{NO-BREAK SPACE}", " ")
        broken = "() => getComputedStyle(document.querySelector('.rows .cell')).overflowWrap"
        assert await tab.page.evaluate(broken) == "break-word"
