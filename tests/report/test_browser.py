"""The page in a real browser, opened from disk with no network: it runs, it obeys, and hostile names stay names."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser: "Chrome", rendered: str, tmp_path: Path) -> "Chrome":
    """A fresh light page, 1200 wide."""
    path = tmp_path / "report.html"
    path.write_text(rendered, encoding="utf-8")
    return opened(browser, path)


def opened(browser: "Chrome", path: Path) -> "Chrome":
    media(browser)
    browser.set_window_size(1200, 900)
    browser.get(path.as_uri())
    return browser


def media(browser: "Chrome", medium: str = "", scheme: str = "light") -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": features})


def ask(browser: "Chrome", script: str, *values: object) -> Any:
    return browser.execute_script(f"return {script}", *values)  # type: ignore[no-untyped-call]


def hover(browser: "Chrome", selector: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).move_to_element(browser.find_element("css selector", selector)).perform()


def test_it_opens_offline_without_a_complaint_and_can_be_looked_at(page: "Chrome", tmp_path: Path) -> None:
    page.find_element("id", "unfold").click()
    assert page.get_log("browser") == []
    assert ask(page, "performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length") == 0
    assert not ask(page, "document.querySelector('.tools').hidden")  # the script ran
    taken = page.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    (tmp_path / "page.png").write_bytes(base64.b64decode(taken["data"]))
    from PIL import Image

    colours = Image.open(tmp_path / "page.png").convert("RGB").getcolors(1 << 24)
    assert len(colours or ()) > 100  # text and figures, not an empty sheet


def test_an_arm_is_switched_off_in_all_figures_from_the_list_and_from_its_name(page: "Chrome") -> None:
    page.find_element("id", "unfold").click()
    marks = "[...document.querySelectorAll('.chart .arm:not(.key)')]"
    shown = f"{marks}.filter(e => getComputedStyle(e).display != 'none').length"
    before = ask(page, shown)
    of_it = ask(page, "document.querySelectorAll('.chart .arm:not(.key)[data-arm=\"0\"]').length")
    assert of_it > 3
    page.find_element("css selector", ".tools summary").click()
    name = page.find_element("css selector", ".tools label span")
    assert name.text == "rs"
    assert 0 < name.size["width"] < 100
    assert 0 < name.size["height"] < 30  # in one line
    page.find_element("css selector", ".tools input[data-arm='0']").click()
    assert ask(page, shown) == before - of_it
    page.find_element("css selector", ".tools summary").click()
    page.find_element("css selector", ".key[data-arm='0'] text").click()
    assert ask(page, shown) == before
    assert ask(page, "document.querySelector('input[data-arm=\"0\"]').checked")


def test_light_and_dark_follow_the_system_until_they_are_switched(page: "Chrome") -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('.chart .axis')).stroke"
    light = ask(page, ground), ask(page, ink)
    media(page, scheme="dark")
    dark = ask(page, ground), ask(page, ink)
    assert light[0] == "rgb(255, 255, 255)"
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    page.find_element("id", "theme").click()
    assert (ask(page, ground), ask(page, ink)) == light
    page.find_element("id", "theme").click()
    assert (ask(page, ground), ask(page, ink)) == dark


def test_values_are_shown_under_the_pointer_and_by_the_arrow_keys(page: "Chrome") -> None:
    from selenium.webdriver.common.keys import Keys

    page.find_element("id", "unfold").click()
    assert ask(page, "document.getElementById('tip').hidden")
    hover(page, "#anytime-1-1 .dot")
    assert " full trainings: " in page.find_element("id", "tip").text
    hover(page, "h1")
    assert ask(page, "document.getElementById('tip').hidden")
    chart = page.find_element("css selector", "#anytime-1-1 .chart")
    chart.send_keys(Keys.ARROW_RIGHT)
    first = page.find_element("id", "tip").text
    chart.send_keys(Keys.ARROW_RIGHT)
    second = page.find_element("id", "tip").text
    assert first.startswith("after ")
    assert second.startswith("after ")
    assert first != second
    chart.send_keys(Keys.ARROW_DOWN)
    assert ask(page, "document.querySelectorAll('#anytime-1-1 .hot').length") == 2  # the curve, and its name


def test_on_paper_everything_is_open_and_nothing_is_cut_off(page: "Chrome") -> None:
    hidden = "[...document.querySelectorAll('main table, main .chart')].filter(e => !e.checkVisibility()).length"
    assert ask(page, hidden) > 0
    media(page, "print", "dark")
    page.set_window_size(750, 1000)
    assert ask(page, hidden) == 0
    assert ask(page, "getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert ask(page, "getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    heights = "[...document.querySelectorAll('main .chart')].map(e => e.getBoundingClientRect().height)"
    assert min(ask(page, heights)) > 100
    wide = "[...document.querySelectorAll('main .scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert ask(page, wide) == 0
    media(page)
    printed = page.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")


def test_tables_under_figures_need_no_scrolling(page: "Chrome") -> None:
    page.set_window_size(560, 900)  # as narrow as where figures stand side by side
    page.find_element("id", "unfold").click()
    ask(page, "document.querySelectorAll('figure details').forEach(fold => { fold.open = true; })")
    tables = ask(
        page,
        "[...document.querySelectorAll('figure details .scroll')].map(e => [e.clientWidth, e.scrollWidth])",
    )
    assert len(tables) >= 5
    assert [wide for wide in tables if wide[1] > wide[0] + 1] == []


def test_a_telephone_shows_it_without_scrolling_sideways(page: "Chrome") -> None:
    page.find_element("id", "unfold").click()
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        assert ask(page, "document.documentElement.scrollWidth") <= 360
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_keyboard_comes_through(page: "Chrome") -> None:
    from selenium.webdriver.common.keys import Keys

    page.find_element("tag name", "body").send_keys(Keys.TAB)
    assert ask(page, "document.activeElement.textContent") == "Skip to the verdicts"
    assert ask(page, "getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert ask(page, "document.activeElement.getBoundingClientRect().left") >= 0
    page.find_element("css selector", "a[href='#spend']").click()
    assert ask(page, "document.getElementById('spend').checkVisibility()")  # a link opens what is folded


def test_hostile_names_are_inert(browser: "Chrome", hostile_page: Path) -> None:
    from selenium.common.exceptions import NoAlertPresentException

    page = opened(browser, hostile_page)
    page.find_element("id", "unfold").click()
    hover(page, "#anytime-1-1 .dot")
    page.find_element("css selector", ".tools summary").click()
    assert page.get_log("browser") == []
    with pytest.raises(NoAlertPresentException):
        _ = page.switch_to.alert
    assert ask(page, "document.querySelectorAll('script').length") == 1
    assert ask(page, "document.querySelectorAll('img, iframe, object, embed, [onerror]').length") == 0
    assert (
        ask(page, "[...document.querySelectorAll('a')].filter(a => !a.getAttribute('href').startsWith('#')).length")
        == 0
    )
    assert "<script>alert(1)</script>" in page.find_element("tag name", "h1").text
    assert ask(page, "document.documentElement.scrollWidth") <= 1200
