"""Numbers in the names of files and folders: seeds are read where they are sure to be, and asked about elsewhere."""

from itertools import product
from pathlib import Path, PurePath

import pandas as pd
import pytest
from small_tables import asked, searches

from fairwatt.audit.column_map import Formula
from fairwatt.audit.log import LogError
from fairwatt.audit.log_file import read_logs
from fairwatt.audit.log_names import named
from fairwatt.audit.path_levels import suggested
from fairwatt.audit.path_pattern import Names
from fairwatt.audit.raw_log import RawLog

METHODS = ("random", "tpe")


def paths(pattern: str, numbers: list[int]) -> list[str]:
    """The files of both methods."""
    return [f"logs/{pattern.format(method=method, seed=seed)}" for method, seed in product(METHODS, numbers)]


def read(files: list[str], by_column: bool = False) -> list[tuple[str, str]]:
    """Method and seed of each file, where a column tells neither, or the method."""
    formulas = {"method": Formula(("method",))} if by_column else {}
    frame = pd.DataFrame({"method": METHODS})
    raws = named([RawLog(frame, file, formulas) for file in files], None, ())
    words = [[raw.formulas[name].constant or "" for name in ("method", "seed")] for raw in raws]
    return [(method, seed) for method, seed in words]


def question(files: list[str], by_column: bool = False) -> str:
    with pytest.raises(LogError) as error:
        read(files, by_column)
    return str(error.value)


def offered(text: str) -> list[str]:
    """The patterns of a question."""
    return text[text.index('--files "') :].split('"')[1::2]


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        *(
            (f"{{method}}{between}{{seed}}.csv", [9, 10, 11])
            for between in ("_run", "-run", "_rep", "_r", "_s", "_run_", "", ".", "/run", "/run_", "/rep")
        ),
        ("{method}_{seed}.csv", [42, 123, 7]),
        ("{method}_{seed}.csv", [0, 1]),
        ("{method}_s{seed}/history.csv", [0, 1, 2]),
        ("{method}_{seed}/results.csv", [1, 2, 3]),
        ("{method}_seed{seed}/results.csv", [3, 5, 8]),
        ("{method}/run_{seed}/results.csv", [3, 5, 8]),
        ("seed{seed}_{method}.csv", [3, 5, 8]),
        ("{method}_seed{seed}_history.csv", [3, 5, 8]),
        ("run-{method}_seed{seed}-tag-val_acc.csv", [3, 5, 8]),
        ("method={method},seed={seed}/history.csv", [3, 5, 8]),
    ],
)
def test_numbers_that_are_seeds(pattern: str, numbers: list[int]) -> None:
    assert read(paths(pattern, numbers)) == [(method, str(seed)) for method, seed in product(METHODS, numbers)]


@pytest.mark.parametrize(
    ("pattern", "numbers", "first", "second"),
    [
        ("{method}_{seed}.csv", [9, 27, 81], "{method}_{seed}.csv", "{method}.csv"),
        ("{method}_{seed}.csv", [2, 3], "{method}_{seed}.csv", "{method}.csv"),
        ("{method}_fold{seed}.csv", [0, 1, 2], "{method}_fold{seed}.csv", "{method}.csv"),
        ("{method}_task{seed}.csv", [3, 12, 31], "{method}_task{seed}.csv", "{method}.csv"),
        ("{method}/{seed}/results.csv", [0, 1, 2], "{method}/{seed}/results.csv", "{method}/{space}/results.csv"),
        ("{seed}/{method}.csv", [0, 1, 2], "{seed}/{method}.csv", "{space}/{method}.csv"),
        ("{seed}_{method}.csv", [0, 1, 2], "{seed}_{method}.csv", "{method}.csv"),
        ("{method}_{seed}_end.csv", [4, 5], "{method}_{seed}_end.csv", "{method}_end.csv"),
    ],
)
def test_numbers_that_may_be_of_a_method(pattern: str, numbers: list[int], first: str, second: str) -> None:
    files = paths(pattern, numbers)
    assert offered(question(files)) == [first, second]
    assert {Names(first).read(file)["seed"] for file in files} == set(map(str, numbers))
    assert len({tuple(Names(second).read(file).values()) for file in files}) == len(files)


@pytest.mark.parametrize(
    ("files", "first"),
    [
        (["task_3.csv", "task_12.csv", "task_31.csv"], "*_{seed}.csv"),
        ([f"cifar{i}.csv" for i in (10, 100, 16)], "*{seed}.csv"),
    ],
)
def test_numbers_that_may_be_of_a_problem(files: list[str], first: str) -> None:
    assert offered(question(files, by_column=True)) == [first, "{space}.csv"]
    assert Names(first).read(files[1])["seed"] in files[1]


@pytest.mark.parametrize("prefix", ["results_", "run_", "tpe_"])
def test_numbers_behind_words_that_name_no_problem(prefix: str) -> None:
    assert [seed for _, seed in read([f"{prefix}{seed}.csv" for seed in range(3)], by_column=True)] == ["0", "1", "2"]


@pytest.mark.parametrize("others", [["bo.csv"], ["bo_seed0.csv", "bo_seed1.csv"], ["bo_run0.csv", "bo_run1.csv"]])
def test_numbers_of_most_methods_are_seeds_of_these(others: list[str]) -> None:
    found = read([*paths("{method}_{seed}.csv", [0, 1]), *others])
    assert found[:4] == [*product(METHODS, "01")]
    assert found[4:] == [("bo", str(seed)) for seed in range(len(others))]


def test_one_method_with_numbers_and_one_without() -> None:
    files = ["random.csv", "tpe_0.csv", "tpe_1.csv", "tpe_2.csv"]
    text = question(files)
    assert offered(text) == ["{method}.csv"]
    assert "name files such as random.csv like the others" in text
    assert offered(question(["random_0.csv", *files[1:]]))[0] == "{method}_{seed}.csv"
    assert offered(question([name.replace("_", "") for name in files])) == ["{method}.csv"]


def test_words_in_names_of_methods() -> None:
    for files in (["resnet18.csv", "resnet50.csv", "vgg16.csv", "vgg19.csv"], ["nsga2.csv", "moead3.csv", "rs.csv"]):
        assert [method for method, _ in read(files)] == [file.removesuffix(".csv") for file in files]
    assert len({method for method, _ in read(paths("{method}_lr0.{seed}.csv", [1, 3]))}) == 4


def test_a_seed_in_the_name_of_a_folder_leaves_the_method_in_it() -> None:
    assert read(["a/tpe_seed0/log.csv", "a/random_seed1/log.csv"]) == [("tpe", "0"), ("random", "1")]


@pytest.mark.parametrize(
    ("files", "told", "pattern"),
    [
        (["m/cifar/0.csv", "m/svhn/0.csv"], {"method"}, "{space}/0.csv"),
        (["m/cifar_seed0.csv", "m/svhn_seed0.csv", "m/cifar_seed1.csv"], {"method"}, "{space}_seed{seed}.csv"),
        (["experiment_0_end.csv", "experiment_1_end.csv"], {"method"}, "experiment_{seed}_end.csv"),
        (["cifar/rs/seed0.csv", "cifar/bo/seed0.csv", "svhn/rs/seed0.csv"], (), "{space}/{method}/seed0.csv"),
        (["rs/cifar/0.csv", "bo/cifar/0.csv", "rs/svhn/0.csv"], (), "{method}/{space}/0.csv"),
        (["rs/0/3.csv", "rs/0/4.csv", "rs/1/3.csv"], (), "{seed}/{trial}.csv"),
        (["rs_seed0/train_a1/log.csv", "rs_seed0/train_b2/log.csv"], (), "train_{trial}/log.csv"),
        (["rs_0/train_a/log.csv", "bo_0/train_b/log.csv"], (), "{method}_0/train_{trial}/log.csv"),
        (["a/x.csv", "b/y.jsonl.gz"], (), "{method}.*"),
        ([f"{m}/run-10{m}{n}/log.csv" for m in ("bo", "rs") for n in "12"], (), "{method}/run-{seed}/log.csv"),
        ([f"{m}/{n}{m}.csv" for m in ("ax", "bx") for n in "pq"], (), "{method}.csv"),
        (["x.csv", "y.csv"], {"space", "method", "seed"}, ""),
    ],
)
def test_a_pattern_fits_all_paths_and_tells_them_apart(files: list[str], told: set[str], pattern: str) -> None:
    assert suggested([PurePath(file) for file in files], told) == pattern


def test_the_same_search_twice(tmp_path: Path) -> None:
    for number in (10, 100):
        searches(4, 1).to_csv(tmp_path / f"cifar{number}.csv", index=False)
    words = '--files "cifar{seed}.csv", or, if its numbers are no seeds, --files "{space}.csv"'
    assert 'such as --files "{space}.csv"' in asked(tmp_path)  # a column tells the seed
    assert "give them names that tell them apart" in asked(tmp_path, "space='one'")
    for number in (10, 100):
        searches(4, 1).drop(columns="seed").to_csv(tmp_path / f"cifar{number}.csv", index=False)
    assert words in asked(tmp_path)
    log = read_logs([tmp_path], files="{space}r100.csv")
    assert any(note.startswith("Not of the form --files {space}r100.csv, and left out: ") for note in log.notes)
