"""Columns of a measurement table: values with unit, provenance and description."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROVENANCES = ("measured", "scaled", "affine", "surrogate", "modelled", "estimated")
"""measured: recorded of this very training, or a plain fact of the cell. scaled: proportional to a measured shorter
training. affine: a + b·epochs through measured trainings. surrogate: a learned model's. modelled: an operation count's.
estimated: anything weaker, or unknown."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column [rows]: integers, floats, or text (numpy S: fixed-width ASCII; numpy U or objects: str).

    Masked entries (numpy.ma) and NaN are missing: nulls in the file. unit: "" for names and text, "1" for counts.
    Raises ValueError for other values and for a provenance that is none of `PROVENANCES`.
    """

    values: NDArray[Any]
    unit: str
    provenance: str
    description: str

    def __post_init__(self) -> None:
        if self.provenance not in PROVENANCES:
            raise ValueError(f"provenance {self.provenance!r}; known: {', '.join(PROVENANCES)}")
        if self.values.ndim != 1 or self.values.dtype.kind not in "iufSUO":
            raise ValueError(f"a column is one row of integers, floats or text, not {self.values.dtype}")

    @property
    def missing(self) -> NDArray[np.bool_]:
        """[rows] whether the entry is masked or NaN."""
        mask: NDArray[np.bool_] = np.array(np.ma.getmaskarray(self.values))
        return mask | np.isnan(np.ma.getdata(self.values)) if self.values.dtype.kind == "f" else mask

    def to_arrow(self) -> Any:
        """The Arrow array; under a null stands NaN, 0 or nothing, so that views of the values are defined."""
        import pyarrow as pa

        values, missing = np.ma.getdata(self.values), self.missing
        if values.dtype.kind in "UO":
            return pa.array(values, type=pa.string(), mask=missing)
        dtype = values.dtype.newbyteorder("<")
        filled: NDArray[Any] = np.ascontiguousarray(values, dtype=dtype)  # no copy of what is as it must be
        holes = np.full(int(missing.sum()), np.nan if dtype.kind == "f" else np.zeros((), dtype)[()], dtype)
        if filled[missing].tobytes() != holes.tobytes():
            filled = filled.copy()
            filled[missing] = holes
        kind = pa.binary(dtype.itemsize) if dtype.kind == "S" else pa.from_numpy_dtype(dtype)
        valid = pa.py_buffer(np.packbits(~missing, bitorder="little").tobytes()) if missing.any() else None
        return pa.Array.from_buffers(kind, len(filled), [valid, pa.py_buffer(filled)])
