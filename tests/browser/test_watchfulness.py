"""A browser that notices nothing would pass every page: what no page may do is done here on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.browser import Chromium

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAULTS = {
    "<script>alert(1)</script>": "dialog: 1",
    "<script>console.error('no')</script>": "console: no",
    "<script>missing()</script>": "error: missing is not defined",
    "<img src='http://127.0.0.1:1/x.png' alt='x'>": "request: http://127.0.0.1:1/x.png",
    "<meta http-equiv='content-security-policy' content=\"script-src 'none'\"><script>1</script>": "console: Executing inline",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_no_page_may_do_is_noticed(chromium: Chromium, tmp_path: Path, fault: str) -> None:
    (tmp_path / "page.html").write_text(f"<!doctype html><html lang=en><title>x</title>{fault}")
    with pytest.raises(AssertionError, match=FAULTS[fault]):
        async with chromium.tab(f"file://{tmp_path}") as tab:
            await tab.go("/page.html")


async def test_what_is_in_the_way_is_found(chromium: Chromium, tmp_path: Path) -> None:
    wide = "<img src='data:,' style='width: 3000px; height: 9px'><a href='#' style='outline: none'>Go</a>"
    (tmp_path / "page.html").write_text(f"<!doctype html><html lang=en><title>x</title>{wide}")
    async with chromium.tab(f"file://{tmp_path}") as tab:
        await tab.go("/page.html")
        assert any(one.startswith("image-alt at img") for one in await tab.obstacles())
        assert (await tab.too_wide())[-1].startswith("IMG")
        assert not (await tab.tab_on())["ring"]
