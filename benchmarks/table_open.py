"""How long a table of 423,624 cells takes to open, and how much memory: `python benchmarks/table_open.py`.

Each figure is the median of fresh processes that have imported everything and opened nothing; the cell index is in its
cache file. Memory is the growth of the resident set over an interpreter that has imported numpy. Nothing is asserted.
"""

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from command import Parser, positive, run
from synthetic_table import synthetic_7v
from timing import fresh_process, print_table, seconds

OPEN = """
import json, sys, time
import numpy, psutil
empty = psutil.Process().memory_info().rss
began = time.perf_counter()
import pyarrow, pyarrow.types
from fairwatt import load_table
from fairwatt.search_spaces.cell_index import cell_index
imported = time.perf_counter(), time.process_time()
table = load_table(sys.argv[1])
opened = time.perf_counter(), time.process_time()
cell_index(7)
ready = time.perf_counter(), time.process_time()
grown = psutil.Process().memory_info().rss - empty
table.record(0)
print(json.dumps({
    "imports": imported[0] - began, "table": opened[0] - imported[0], "index": ready[0] - opened[0],
    "wall": ready[0] - imported[0], "cpu": ready[1] - imported[1], "rss": grown, "rows": table.rows,
}))
"""
VERIFY = """
import sys, time
from fairwatt.search_spaces.stamp import verify
from fairwatt.search_spaces.table import open_table
table = open_table(sys.argv[1])
began = time.perf_counter()
verify(table)
print(time.perf_counter() - began)
"""


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--table", help="name of a table, or path of its .arrow file; a synthetic one by default")
    parser.add_argument("--runs", type=positive, default=11, help="fresh processes")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = chosen.table or str(synthetic_7v(Path(folder) / "synthetic-7v.arrow"))
        if chosen.table:
            from fairwatt import load_table

            verified = fresh_process(VERIFY, str(load_table(table).path))
        else:
            verified = fresh_process(VERIFY, table)
        runs = [json.loads(fresh_process(OPEN, table)) for _ in range(chosen.runs)]
    typical = {name: median(run[name] for run in runs) for name in runs[0]}
    print_table(
        f"A table of {typical['rows']:,.0f} rows, medians of {chosen.runs} fresh processes",
        ("what", "fairwatt", "reference", "target"),
        [
            ("open, cell index included, wall", seconds(typical["wall"]), "", ""),
            ("open, cell index included, CPU", seconds(typical["cpu"]), "128 to 191 s", "50 ms"),
            ("  of which the table, wall", seconds(typical["table"]), "", ""),
            ("  of which the cell index, wall", seconds(typical["index"]), "", "20 ms"),
            ("memory over an interpreter with numpy", f"{typical['rss'] / 1e6:.0f} MB", "7,600 to 9,100 MB", "150 MB"),
            ("imports before it, wall", seconds(typical["imports"]), "", ""),
            ("verification, once for each file", seconds(float(verified)), "", ""),
        ],
    )


if __name__ == "__main__":
    run(main)
