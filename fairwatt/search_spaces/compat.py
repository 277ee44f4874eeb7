"""The Python interfaces of EC-NAS-Bench and NAS-Bench-101, on fairwatt's tables: change the import, keep the program.

`from ecnas.api.nasbench101 import ECNASBench` becomes `from fairwatt.search_spaces.compat import ECNASBench`, and
`from nasbench import api` becomes `from fairwatt.search_spaces import compat as api`; EA-HAS-Bench's
`get_ea_has_bench_api` is here too (`ea_has_bench.py`). Names, keys and units are theirs. What is answered differs where
theirs misleads:

- a number that the file does not set is NaN (theirs: 0.0, for an energy the best there is), a text "";
- a half-way answer has the time and the energy that were spent by then where the table knows them and its accuracies
  are those of then, else those of the whole training (theirs: the energy of the whole, the time of whatever run the
  file repeats); what the files call half-way is the state after `halfway_epoch` epochs, in most of them 1 or 2;
- the counted epochs of a half-way answer are those that its time stands for: `halfway_epoch` where the table has it,
  all where the time is that of the whole training (theirs: half of the epochs asked for);
- a cell that the table does not hold is an OutOfDomainError (theirs: a KeyError, which it also is), and so is a
  training whose time or energy it does not tell, so that no search loop can book either with energy 0;
- a path is looked at: it leads to the published file of its name, or to an error;
- repeats are ordered by start time, or else by a hash of their numbers, not by place in the file; draws come from a
  generator of the benchmark's own;
- the counters also meter energy, in whole nanojoules.
"""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fairwatt.errors import UserError
from fairwatt.search_spaces.cell_graph import OPS
from fairwatt.search_spaces.cell_lookup import CellLookup
from fairwatt.search_spaces.cell_lookup import UnknownCellError as UnknownCellError
from fairwatt.search_spaces.drawing import Drawing
from fairwatt.search_spaces.ecnas_keys import CHARGES, METER, Read, read_power
from fairwatt.search_spaces.model_spec import ModelSpec as ModelSpec
from fairwatt.search_spaces.model_spec import OutOfDomainError as OutOfDomainError

if TYPE_CHECKING:
    from fairwatt.search_spaces.ea_has_bench import Predictor


class NASBench(CellLookup):
    """NAS-Bench-101's `NASBench`, on its own table or on any other of cells; each query draws a repeat.

    Arguments and errors as of `CellLookup`.
    """

    def __init__(self, dataset_file: str | Path, seed: int | None = None, repeat: int | None = None) -> None:
        super().__init__(dataset_file, seed, repeat)

    def query(self, model_spec: Any, epochs: int = 108, stop_halfway: bool = False) -> dict[str, Any]:
        """One training of a cell, charged to the counters. Raises OutOfDomainError for what the table does not hold."""
        _, answer = self._train(model_spec, epochs, stop_halfway)
        return answer

    def evaluate(self, model_spec: Any, model_dir: str) -> dict[str, Any]:
        """Not here: the original trains the network."""
        raise UserError("evaluate() would train a network, and a table only tells of trainings: use query()")


class ECNASBench(CellLookup):
    """EC-NAS-Bench's `ECNASBench`, on any table of cells; as with theirs, the first repeat answers.

    Arguments and errors as of `CellLookup`.
    """

    _keys = CHARGES | METER

    def __init__(self, dataset_file: str | Path, seed: int | None = None, repeat: int | None = 0) -> None:
        super().__init__(dataset_file, seed, repeat)
        self._power = read_power(self.table)

    def query(self, model_spec: Any, epochs: int = 108, stop_halfway: bool = False) -> dict[str, Any]:
        """One training of a cell, charged to the counters. Raises OutOfDomainError for what the table does not hold."""
        row, answer = self._train(model_spec, epochs, stop_halfway)
        answer["avg_power_usages"] = self._power(row)
        return answer

    def info(self) -> None:
        """Print what the table holds, and what its trainings took or are said to have taken."""
        table = self.table
        cells, fidelities, repeats = table.shape
        sizes, counts = np.unique(table.values("vertices")[:, 0, 0], return_counts=True)
        print(f"{self.dataset_file}: {table.card.title}")
        print(f"  {table.rows:,} trainings: {cells:,} cells, {fidelities} numbers of epochs, {repeats} repeats")
        print("  cells by vertices: " + ", ".join(f"{size}: {n:,}" for size, n in zip(sizes, counts, strict=True)))
        print(f"  at most {self.config['max_edges']} edges; operations: {', '.join(self.config['available_ops'])}")
        print(f"  epochs: {', '.join(map(str, table.epochs.tolist()))}")
        for name, unit, size in (("seconds", "days", 86_400), ("energy_kwh", "kWh", 1), ("co2eq_g", "g CO2eq", 1)):
            if name in table:
                shortest, every = table.values(name)[:, 0].sum() / size, table.column(name).sum() / size
                print(
                    f"  {every:,.4g} {unit}, {shortest:,.4g} of them at {table.epochs[0]} epochs "
                    f"({table.provenance(name)})"
                )

    def get_intermediate_ops(self) -> list[str]:
        """The operations of interior vertices."""
        return list(self.config["available_ops"])

    @cached_property
    def _metrics(self) -> dict[str, Read]:
        return super()._metrics | {"avg_power_usages": self._power}


def get_ea_has_bench_api(dataset: str, models: str | Path | None = None) -> "dict[str, list[Predictor]]":
    """EA-HAS-Bench's four models of a data set; arguments, answers and errors as of `ea_has_bench`."""
    from fairwatt.search_spaces import ea_has_bench  # programs on cells do not wait for it

    return ea_has_bench.get_ea_has_bench_api(dataset, models)


def random_spec_from_dataset(bm: CellLookup, rng: np.random.Generator | None = None) -> ModelSpec:
    """A cell of the table, uniformly: the EC-NAS tutorial's helper without a list of all hashes at each call.

    rng: the benchmark's own where None.
    """
    return bm.spec_at(int(len(bm.table.cells) * (rng or bm.rng).random()))  # a third of the time of integers(n)


def mutate_spec_in_dataset(
    bm: CellLookup, parent_spec: ModelSpec, max_tries: int = 200, rng: np.random.Generator | None = None
) -> ModelSpec:
    """Another cell of the table, one operation or one edge from the pruned parent: the EC-NAS tutorial's helper.

    It proposes as theirs does: with probability 1/2 another operation, else to flip an edge whose tail is uniform and
    whose head is uniform behind it. After `max_tries` proposals, a cell of the table at random. rng: the benchmark's
    own where None.
    """
    rng = rng or bm.rng
    size, mask, ops = parent_spec.code()
    for _ in range(max_tries if size > 2 else 0):  # a cell of two vertices has no mutant
        edges, names = mask, ops
        if rng.random() < 0.5:
            vertex = 1 + int((size - 2) * rng.random())
            others = [op for op in OPS if op != ops[vertex]]
            names = (*ops[:vertex], others[int(len(others) * rng.random())], *ops[vertex + 1 :])
        else:
            tail = int((size - 1) * rng.random())
            head = tail + 1 + int((size - 1 - tail) * rng.random())
            edges ^= 1 << tail * (2 * size - tail - 1) // 2 + head - tail - 1  # its place in pairs(size)
        child = Drawing(size, edges, names)
        if child.cell != parent_spec.cell and bm.has_cell(child):
            return ModelSpec.of_drawing(child)
    return random_spec_from_dataset(bm, rng)
