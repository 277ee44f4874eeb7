"""Meters against counters that the tests hold in their hands; none of them ever answers 0 for "not known"."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from fairwatt.doctor import examine
from fairwatt.errors import UnknownNameError, UserError
from fairwatt.experiments import meter_rapl, meters
from fairwatt.experiments.meter_codecarbon import CodeCarbonMeter
from fairwatt.experiments.meter_nvml import NvmlMeter
from fairwatt.experiments.meter_rapl import RaplMeter, zones
from fairwatt.experiments.meters import MeterError, NullMeter, OperationCountMeter, checks, choose, make_meter, measure

RANGE = 10**12
"""Microjoules: too many for a meter to look at its counters by itself while a test writes them."""


class FakeNvml:
    """Boards whose counters move by what the test says. Its numbers are NVML's: handles are taken by UUID alone."""

    class NVMLError(Exception):
        pass

    def __init__(self, devices: int = 2, refusal: str = "") -> None:
        self.millijoules = {f"GPU-{place}": 1_000 * (place + 1) for place in range(devices)}
        self.refusal = refusal

    def nvmlInit(self) -> None:  # noqa: N802
        if self.refusal == "driver":
            raise self.NVMLError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.millijoules)

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        if uuid not in self.millijoules:
            raise self.NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetName(self, handle: str) -> bytes:  # noqa: N802
        return handle.replace("-", " ").encode()

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:  # noqa: N802
        if self.refusal == "old":
            raise self.NVMLError("Not Supported")
        return self.millijoules[handle]


class FakeCuda:
    """PyTorch's side: the UUIDs of the devices that CUDA leaves the process, in CUDA's order, and which is current."""

    def __init__(self, *uuids: str, current: int = 0) -> None:
        self.uuids, self.current = uuids, current

    def is_available(self) -> bool:
        return bool(self.uuids)

    def current_device(self) -> int:
        return self.current

    def get_device_properties(self, place: int) -> SimpleNamespace:
        return SimpleNamespace(uuid=self.uuids[place])


ONE = FakeCuda("0")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the meters' clock shows; tests set them."""
    now = [0.0]
    monkeypatch.setattr(meters, "perf_counter", lambda: now[0])
    return now


def powercap(root: Path, **counters: tuple[str, int, int]) -> Path:
    """A powercap tree: folder=(name, counter, range), with "_" for ":"."""
    for folder, (name, counter, most) in counters.items():
        zone = root / folder.replace("_", ":").replace("mmio", "intel-rapl-mmio").replace("msr", "intel-rapl")
        zone.mkdir(parents=True, exist_ok=True)
        for file, content in (("name", name), ("energy_uj", counter), ("max_energy_range_uj", most)):
            (zone / file).write_text(f"{content}\n")
    return root


# -- NVML


@pytest.mark.parametrize(
    ("cuda", "trains"),
    [
        (FakeCuda("1", "0"), "GPU-1"),  # CUDA puts the fastest first, NVML goes by PCI bus
        (FakeCuda("0", "1", current=1), "GPU-1"),
        (FakeCuda("GPU-0"), "GPU-0"),  # what CUDA_VISIBLE_DEVICES left
    ],
)
def test_nvml_counts_the_board_that_trains_and_no_other(clock: list[float], cuda: FakeCuda, trains: str) -> None:
    library = FakeNvml()
    meter = NvmlMeter(library, cuda)
    assert meter.counted == trains
    meter.start()
    for uuid in library.millijoules:
        library.millijoules[uuid] += 3_000 if uuid == trains else 1_000_000
    clock[0] = 2.5
    assert meter.stop() == meters.Reading(3.0, 2.5, "counter", "device", (trains.replace("-", " "),))


def test_nvml_has_no_device_where_pytorch_has_none_or_a_part_of_one() -> None:
    assert NvmlMeter.check(FakeNvml(), ONE) == "energy counter of GPU 0"
    with pytest.raises(MeterError, match="PyTorch finds no CUDA device that it may use"):
        NvmlMeter.check(FakeNvml(), FakeCuda())  # as under CUDA_VISIBLE_DEVICES=-1
    with pytest.raises(MeterError, match="Not Found"):
        NvmlMeter.check(FakeNvml(), FakeCuda("MIG-7"))
    with pytest.raises(MeterError, match="does not tell its devices' UUIDs"):
        NvmlMeter.check(FakeNvml(), FakeCuda(""))
    assert NvmlMeter(FakeNvml(), FakeCuda()).counted == "nvml"


def test_nvml_windows_below_two_seconds_are_flagged_or_repeated(clock: list[float]) -> None:
    library = FakeNvml()
    meter = NvmlMeter(library, ONE)

    def work() -> None:
        clock[0] += 0.3
        library.millijoules["GPU-0"] += 6_000

    meter.start()
    work()
    short = meter.stop()
    assert "window of less than 2 s" in short.note
    reading = measure(meter, work)
    assert reading.joules == pytest.approx(6.0)
    assert reading.seconds == pytest.approx(0.3)
    assert reading.note == "mean of 8 runs"
    with pytest.raises(UserError, match="too short to measure"):
        measure(meter, lambda: None, most=4)


@pytest.mark.parametrize(
    ("library", "reason"),
    [
        (FakeNvml(refusal="driver"), "Driver Not Loaded"),
        (FakeNvml(refusal="old"), "Not Supported"),
        (FakeNvml(devices=0), "no NVIDIA device"),
        (FakeNvml(), "did not move"),
    ],
)
def test_nvml_that_does_not_work_says_so_and_gives_no_number(library: FakeNvml, reason: str) -> None:
    meter = NvmlMeter(library, ONE)
    for _ in range(2):
        meter.start()
        reading = meter.stop()
        assert (reading.joules, reading.method, reading.scope) == (None, "unavailable", "none")
        assert reason in reading.note


# -- RAPL


def test_rapl_adds_packages_and_memory_and_nothing_twice(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter_rapl, "processor", lambda: "Chip")
    tree = {
        "msr_0": ("package-0", 5_000_000, RANGE),
        "msr_0_0": ("core", 1, RANGE),
        "msr_0_1": ("dram", 100, RANGE),
        "msr_1": ("package-1", RANGE - 1_000_000, RANGE),
        "msr_2": ("psys", 7, RANGE),
        "mmio_0": ("package-0", 5_000_000, RANGE),
    }
    powercap(tmp_path, **tree)
    assert [zone.label for zone in zones(tmp_path)] == ["package-0", "dram-0", "package-1"]
    meter = RaplMeter(tmp_path)
    meter.start()
    moved = {"msr_0": 8_000_000, "msr_0_1": 500_100, "msr_1": 500_000, "msr_2": 9_999_999, "msr_0_0": 9_999_999}
    powercap(tmp_path, **{zone: (tree[zone][0], counter, tree[zone][2]) for zone, counter in moved.items()})
    clock[0] = 1.0
    reading = meter.stop()
    assert reading.joules == pytest.approx(3.0 + 0.5 + 1.5)  # package-1 came round
    assert (reading.method, reading.scope, reading.devices) == (
        "counter",
        "device",
        ("Chip", "package-0", "dram-0", "package-1"),
    )
    assert "what they take at idle" in reading.note


def test_rapl_counters_may_come_round_more_than_once(tmp_path: Path) -> None:
    powercap(tmp_path, msr_0=("package-0", RANGE // 10 * 9, RANGE))
    meter = RaplMeter(tmp_path)
    meter.start()
    for tenths in (5, 1, 9, 2):
        powercap(tmp_path, msr_0=("package-0", RANGE // 10 * tenths, RANGE))
        meter.poll()
    assert meter.stop().joules == pytest.approx((0.6 + 0.6 + 0.8 + 0.3) * RANGE * 1e-6)


def test_rapl_without_counters_or_with_one_that_vanishes(tmp_path: Path) -> None:
    assert "no package counters" in _answer(RaplMeter(tmp_path)).note
    powercap(tmp_path, msr_0=("package-0", 1, RANGE))
    assert "did not move" in _answer(RaplMeter(tmp_path)).note
    meter = RaplMeter(tmp_path)
    meter.start()
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    reading = meter.stop()
    assert (reading.joules, reading.method) == (None, "unavailable")
    assert "No such file" in reading.note


# -- CodeCarbon


def test_codecarbon_records_the_constants_that_decide(clock: list[float]) -> None:
    class Tracker:
        def __init__(self, mode: str) -> None:
            self._hardware = [SimpleNamespace(), SimpleNamespace(_mode=mode, _tdp=16)]

        def start_task(self, name: str) -> None:
            self.name = name

        def stop_task(self, name: str) -> SimpleNamespace:
            assert name == self.name
            return SimpleNamespace(
                energy_consumed=1e-5, codecarbon_version="3", cpu_model="Chip", gpu_model="", ram_power=10.0
            )

    for mode, method in (("cpu_load", "modelled"), ("constant", "constant-power"), ("intel_rapl", "integrated")):
        meter = CodeCarbonMeter(Tracker(mode))
        meter.start()
        clock[0] += 3
        reading = meter.stop()
        assert (reading.joules, reading.method, reading.scope) == (pytest.approx(36.0), method, "process")
        assert f"CPU by {mode} of 16 W (Chip), memory 10 W constant" in reading.note


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_codecarbon_itself_answers_offline_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("codecarbon")
    monkeypatch.chdir(tmp_path)
    reading = measure(make_meter("codecarbon"), lambda: sum(range(1_000_000)))
    assert reading.joules is not None
    assert reading.joules > 0
    assert reading.method in ("modelled", "constant-power", "integrated")
    assert "memory" in reading.note
    assert not list(tmp_path.iterdir())
    assert not capfd.readouterr().out


# -- operation counts, null, and what they have in common


def test_operation_counts_are_a_model_that_says_how_far_it_goes() -> None:
    inside = {"macs": 1e9, "activation_bytes": 2e7, "layers": 60}
    meter = OperationCountMeter(inside, "full width")
    meter.start()
    meter.count(1_000)
    meter.count(500)
    reading = meter.stop()
    assert reading.joules == pytest.approx(1_500 * (1e9 * 1.062e-10 + 2e7 * 3.681e-9 + 60 * 1.703e-3))
    assert (reading.method, reading.note) == ("modelled", "operation-count model ecnas-gpu, error 7.8%; full width")
    assert "extrapolated" in _answer(OperationCountMeter(inside | {"macs": 1}), count=1).note
    assert _answer(meter).method == "unavailable"  # counts begin anew in every window


def test_null_measures_seconds(clock: list[float]) -> None:
    meter = NullMeter()
    meter.start()
    clock[0] = 4.0
    reading = meter.stop()
    assert (reading.joules, reading.seconds, reading.method) == (None, 4.0, "unavailable")


def test_windows_are_opened_and_closed_in_turn() -> None:
    meter = NullMeter()
    with pytest.raises(UserError, match="stopped before"):
        meter.stop()
    meter.start()
    with pytest.raises(UserError, match="started twice"):
        meter.start()


def test_auto_takes_the_best_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise MeterError("not here")

    monkeypatch.setattr(NvmlMeter, "check", classmethod(lambda cls: "a board"))
    monkeypatch.setattr(RaplMeter, "check", classmethod(lambda cls: "a package"))
    assert (choose("auto", "cuda"), choose("auto", "cpu")) == ("nvml", "rapl")
    monkeypatch.setattr(RaplMeter, "check", fail)
    monkeypatch.setattr(CodeCarbonMeter, "check", classmethod(lambda cls: "constants"))
    assert choose("auto", "cpu") == make_meter("auto").name == "codecarbon"
    monkeypatch.setattr(CodeCarbonMeter, "check", fail)
    assert make_meter("auto").name == "null"
    assert make_meter("rapl").name == "rapl"  # asked for by name it is made, and says why it has no answer
    with pytest.raises(UnknownNameError, match="did you mean 'rapl'"):
        make_meter("rappl")
    with pytest.raises(UserError, match="counts of the network"):
        make_meter("opcount")


def test_the_doctor_lists_every_meter_with_a_reason() -> None:
    found = {finding.what: finding for finding in examine() if finding.what.startswith("meter ")}
    assert list(found) == ["meter nvml", "meter rapl", "meter codecarbon", "meter opcount", "meter auto"]
    assert found["meter opcount"].ok
    for name, ok, words in checks():
        assert found[f"meter {name}"].ok is ok
        assert words
        assert "\n" not in words
        assert found[f"meter {name}"].state.startswith("unavailable: ") is not ok


def _answer(meter: meters.Meter, count: int = 0) -> meters.Reading:
    meter.start()
    if count:
        assert isinstance(meter, OperationCountMeter)
        meter.count(count)
    return meter.stop()
