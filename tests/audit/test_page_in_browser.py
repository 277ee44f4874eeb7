"""The page of an audit in a real browser, opened from disk with no network: hostile names stay names."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_log import rivals

from fairwatt.audit.audit import Audit
from fairwatt.audit.matched import rules
from fairwatt.audit.page import write_audit
from fairwatt.audit.settings import Settings

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

HOSTILE = "\"'><script>document.title='taken'</script></svg><img src=x onerror=document.title='taken'>\u202e{{ 7 * 7 }}"


@pytest.mark.slow(6)
def test_it_opens_offline_and_hostile_names_are_inert(browser: "Chrome", tmp_path: Path) -> None:
    made = Audit(rivals(HOSTILE, searches=4, length=8), Settings(rules=rules("as recorded, mean, common")))
    path, *_ = write_audit(made, tmp_path / "audit.html")
    browser.set_window_size(1200, 900)
    browser.get(path.as_uri())
    assert browser.get_log("browser") == []
    assert "taken" not in browser.title
    text = browser.find_element("tag name", "body").text
    assert "<script>document.title" in text
    assert "{{ 7 * 7 }}" in text
    assert browser.execute_script("return document.scripts.length + document.querySelectorAll('[onerror]').length") == 0
    shown = "performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length"
    assert browser.execute_script(f"return {shown}") == 0
    pictures = browser.find_elements("css selector", "figure img, figure svg")
    assert pictures
    assert all(picture.size["height"] > 50 for picture in pictures if picture.is_displayed())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1200
    browser.set_window_size(500, 900)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
