"""Fixtures that every room uses."""

import fcntl
import gc
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy and torch are imported: test workers must not spin against each other

gc.disable()  # till the tests are collected: what is imported stays, and looking it over takes a third of that time

# no test is a race against the clock: a busy machine takes any time for an example
settings.register_profile("fairwatt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fairwatt")

ROOT = Path(__file__).resolve().parent.parent
BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker of pytest-xdist begins with its share of the slow tests, the slowest first.

    `--dist worksteal` gives each of n workers one n-th of the list, and who has finished takes from the end of
    another's: so the short tests, which fill the gaps, come last. `@pytest.mark.slow(20)` says about how many seconds
    a test takes; those that do not say are taken for 2 s each, and stay with the others of their file, whose fixtures
    they share.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    marked = [(item, item.get_closest_marker("slow")) for item in items]
    rest = iter([item for item, mark in marked if not mark])
    blocks: dict[object, list[pytest.Item]] = {}
    seconds: dict[object, float] = {}
    for item, mark in marked:
        if mark:
            block = item if mark.args else item.path
            blocks.setdefault(block, []).append(item)
            seconds[block] = seconds.get(block, 0) + (mark.args[0] if mark.args else 2)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    taken = [0.0] * workers
    for block in sorted(blocks, key=lambda block: -seconds[block]):
        least = taken.index(min(taken))
        shares[least] += blocks[block]
        taken[least] += seconds[block]
    dealt: list[pytest.Item] = []
    for place, share in enumerate(shares, start=1):
        dealt += share
        room = len(items) * place // workers - len(dealt)
        dealt += islice(rest, max(room, 0))
    items[:] = [*dealt, *rest]


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of genuine data files; tests that need it skip, visibly, where it is absent."""
    folder = Path(os.environ.get("FAIRWATT_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"genuine data not found: {folder} (set FAIRWATT_SHARED)")
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """made_once(name, make): a folder to read, which make(folder) has filled in the first worker that asked for it."""

    def made(name: str, make: Callable[[Path], object]) -> Path:
        base = tmp_path_factory.getbasetemp()
        folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
        with (folder.parent / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                unfinished = folder.parent / f"{name}.part"
                unfinished.mkdir(exist_ok=True)
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def toy_table(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """`digits-regnet-toy.arrow` with invented curves: the real grid, collected from parts of the real form."""

    def collect(home: Path) -> None:
        from invented_sweep import SPEC, write_parts

        from fairwatt.experiments.config_table import collect_configs

        spec = home / "digits-regnet-toy.yaml"
        spec.write_text(SPEC)
        write_parts(spec, home)
        collect_configs(spec, folder=home)

    (path,) = made_once("toy", collect).rglob("digits-regnet-toy.arrow")
    return path


@pytest.fixture
def one_step_local_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """SMAC's search for the best candidate takes one step from each start; it is most of what SMAC takes."""
    if find_spec("smac"):
        from fairwatt.optimizers import smac_parts

        monkeypatch.setattr(smac_parts, "OrderedStarts", partial(smac_parts.OrderedStarts, max_steps=1))


@pytest.fixture(autouse=True)
def _denormals() -> Iterator[None]:
    """Trainings flush denormal numbers to zero; no test may leave its process so (hypothesis would refuse floats)."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Chrome]":
    """Chromium without a network; tests that need it skip, visibly, where it is not installed."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    missing = [str(path) for path in (BROWSER, DRIVER) if not path.is_file()]
    if missing:
        pytest.skip(f"no browser: {' and '.join(missing)} not found (Debian's chromium and chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(DRIVER)))
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    yield driver
    driver.quit()


@pytest.fixture
def fairwatt(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Exit code, standard output and standard error of `fairwatt WORDS` in an empty folder."""
    from fairwatt import cli

    monkeypatch.setenv("FAIRWATT_CACHE", str(tmp_path / "cache"))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fairwatt", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return command
