"""The marks of the page's figures: where they stand, and what is read there."""

import base64
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from fairwatt.report.arm_styles import COLOURS, DASHES, MOST_HIGHLIGHTED, ArmStyles
from fairwatt.report.chart import HEIGHT, WIDTH, spread, standalone, step_band, steps
from fairwatt.report.energy_plane import Plane, staircase
from fairwatt.report.figures import Curve
from fairwatt.report.front_charts import front_chart
from fairwatt.report.raster import FEW, cloud_png
from fairwatt.report.scale import Scale
from fairwatt.report.step_charts import step_chart

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("scale", "texts"),
    [
        (Scale(1.0, 105.0, 0, 1, log=True), ["1", "2", "5", "10", "20", "50", "100"]),
        (Scale(0.0007, 400.0, 0, 1, log=True), ["0.001", "0.01", "0.1", "1", "10", "100"]),
        (Scale(1.1, 1.4, 0, 1, log=True), ["1.1", "1.15", "1.2", "1.25", "1.3", "1.35", "1.4"]),
        (Scale(5.2, 0.8, 0, 1), ["1", "2", "3", "4", "5"]),
        (Scale(3.0, 3.0, 0, 1), ["3"]),
    ],
)
def test_axes_have_round_numbers(scale: Scale, texts: list[str]) -> None:
    assert [text for _, text in scale.ticks()] == texts


def test_scales_place_values_and_keep_them_inside() -> None:
    assert Scale(1, 100, 0, 200, log=True)([1, 10, 100, 1_000, 0.1]).tolist() == pytest.approx([0, 100, 200, 200, 0])
    assert Scale(5, 1, 300, 0)([5, 3, 1]).tolist() == [300, 150, 0]  # an axis of ranks: 1 above
    assert Scale(2, 2, 10, 20)([2.0]).tolist() == [10]


def test_a_step_holds_its_value_until_the_next() -> None:
    assert steps([0, 1, 2, 3], [5, 5, 7, 7]) == "M0 5H2V7H3"
    assert step_band([0, 1, 2], [1, 2, 2], [4, 5, 5]) == "M0 4H1V5H2L2 2H1V1H0Z"


def test_labels_are_apart_and_inside() -> None:
    places = spread([10.0, 10.0, 11.0, 95.0, 96.0], 10.0, 0.0, 100.0)
    assert np.diff(places).min() >= 10.0
    assert (places[0] >= 0.0, places[-1] <= 100.0) == (True, True)
    assert places[0] == 10.0
    assert places[-1] == 100.0


def test_arms_are_told_apart_by_colour_and_dashes() -> None:
    arms = tuple(f"arm{i}" for i in range(COLOURS * DASHES))
    styles = ArmStyles(arms, "arm0")
    looks = [styles.classes(arm) for arm in arms]
    assert looks[0] == "ref"
    assert len(set(looks)) == len(looks)
    bright = styles.highlighted(arms[::-1])
    assert len(bright) == MOST_HIGHLIGHTED
    assert {"arm0", arms[-1]} <= bright
    assert styles.highlighted(arms[:MOST_HIGHLIGHTED]) == set(arms[:MOST_HIGHLIGHTED])


def test_every_point_of_a_cloud_is_in_its_picture() -> None:
    from PIL import Image

    x, y = Scale(1, 10, 50, 450, log=True), Scale(0, 1, 300, 100)
    points = np.array([[1.0, 1.0], [10.0, 0.0], [10.0, 0.0], [np.sqrt(10), 0.5], [100.0, 0.5]])
    picture = Image.open(io.BytesIO(base64.b64decode(cloud_png(points, x, y).partition(",")[2])))
    assert picture.size == (200, 100)
    alpha = np.asarray(picture)[..., 1]
    assert sorted(zip(*np.nonzero(alpha), strict=True)) == [(0, 0), (50, 100), (99, 199)]  # the last one is outside
    assert alpha[99, 199] > alpha[0, 0]
    many = np.tile(points[:1], (FEW + 1, 1))
    assert Image.open(io.BytesIO(base64.b64decode(cloud_png(many, x, y).partition(",")[2]))).size == (400, 200)


def curve(*middle: float, width: float = 0.0) -> Curve:
    values = np.array(middle)
    return Curve(np.array([0.5, 1.0, 2.0, 4.0]), values, values - width, values + width)


def drawn(curves: dict[str, Curve], **options: bool) -> ET.Element:
    styles = ArmStyles(tuple(curves), "rs")
    panel = step_chart(
        curves,
        styles,
        {arm: arm for arm in curves},
        x_label="x",
        y_label="y",
        budgets={"4 full": 4.0},
        marks=[1.0, 4.0],
        **{"log_y": False, **options},
    )
    return ET.fromstring(panel.svg("what it is"))


def test_curves_are_read_where_they_are() -> None:
    root = drawn({"rs": curve(1.0, 0.5, 0.25, 0.25, width=0.125), "re": curve(1.0, 0.5, 0.1, 0.1)})
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert "re after 4 full trainings: 0.1" in titles
    assert "rs after 1 full trainings: 0.5 [0.375, 0.625]" in titles
    strips = [title for title in titles if title.startswith("after")]
    assert strips[-1] == "after 4 full trainings\nre: 0.1\nrs: 0.25 [0.125, 0.375]"  # the best one first
    assert root.get("role") == "img"
    assert root.get("aria-label") == "what it is"
    arms = [group.get("data-arm") for group in root.iter(f"{SVG}g")]
    assert sorted(arms) == ["0", "0", "1", "1"]  # each arm's marks, and its name at the right


def test_what_lies_before_the_axis_is_held_at_its_beginning() -> None:
    middle = np.array([9.0, 3.0, 1.0])
    root = drawn({"rs": Curve(np.array([0.5, 1.5, 4.0]), middle, middle, middle)})  # the axis begins at 1
    (line,) = [path for path in root.iter(f"{SVG}path") if path.get("class") == "line" and "V" in str(path.get("d"))]
    path = str(line.get("d"))
    assert path.startswith("M58 ")  # the left end
    assert path.count("V") == 2  # from 9 to 3 to 1


def test_names_stand_inside_the_picture_however_many_there_are() -> None:
    root = drawn({("rs" if i == 0 else f"a-long-name-of-an-arm-{i}"): curve(1, 0.5, 0.2, 0.2) for i in range(40)})
    texts = [
        text for group in root.iter(f"{SVG}g") if "key" in str(group.get("class")) for text in group.iter(f"{SVG}text")
    ]
    heights = sorted(float(str(text.get("y"))) for text in texts)
    assert len(heights) == 40
    assert heights[0] > 0
    assert heights[-1] < HEIGHT
    sizes = {float(text.get("font-size", "12")) for text in texts}
    assert max(sizes) <= np.diff(heights).min() + 0.1
    assert max(float(str(text.get("x"))) + 6.6 * len(text.text or "") for text in texts) <= WIDTH
    muted = [group for group in root.iter(f"{SVG}g") if "mute" in str(group.get("class"))]
    assert len(muted) == 2 * (40 - MOST_HIGHLIGHTED)


def test_nothing_of_a_name_is_markup() -> None:
    name = '"><script>alert(1)</script>\u202e'
    root = drawn({"rs": curve(1, 1, 1, 1), name: curve(1, 0.5, 0.2, 0.2)})
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in (title.text or "") for title in root.iter(f"{SVG}title"))


def test_a_staircase_rises_before_its_first_point_and_goes_on_after_its_last() -> None:
    front = np.array([[1.0, 0.5], [2.0, 0.25]])
    styles = ArmStyles(("rs",), "rs")
    panel = front_chart(Plane(front, front, {"rs": front[::-1]}), styles, {"rs": "rs"}, x_label="kWh", y_label="error")
    root = ET.fromstring(panel.svg("fronts"))
    ((group,),) = [[g for g in root.iter(f"{SVG}g") if g.get("class") == "arm ref"]]
    path = next(iter(group.iter(f"{SVG}path"))).get("d")
    x, y = panel.x, panel.y
    first, second = x(1.0), x(2.0)
    expected = f"M{first:.1f} {y.end:g}H{first:.1f}V{y(0.5):.1f}H{second:.1f}V{y(0.25):.1f}H{x.end:.1f}"
    assert path == expected.replace(".0H", "H").replace(".0V", "V")
    assert [title.text for title in group.iter(f"{SVG}title")][1:] == ["rs: 1 kWh, error 0.5", "rs: 2 kWh, error 0.25"]


def test_a_staircase_begins_where_it_comes_into_sight() -> None:
    corners = np.array([[2.0, 0.5], [1.0, 0.9], [3.0, 0.25]])
    assert staircase(corners, 4.0, 0.6).tolist() == [[2.0, 0.6], [2.0, 0.5], [3.0, 0.25], [4.0, 0.25]]
    assert staircase(corners, 2.5, 0.95)[[0, -1]].tolist() == [[1.0, 0.95], [3.0, 0.25]]
    assert staircase(corners, 4.0, 0.25).shape == (0, 2)


def test_a_file_of_its_own_needs_no_page() -> None:
    root = drawn({"rs": curve(1, 0.5, 0.2, 0.2)})
    text = standalone(ET.tostring(root, encoding="unicode"), ".ref { color: var(--ink); }", {"ink": "#123456"})
    assert ".ref { color: #123456; }" in text
    ET.fromstring(text)
