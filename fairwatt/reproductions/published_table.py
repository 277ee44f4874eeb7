"""A Parquet file of the shelf, read with an answer for its user where it is not what it should be."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fairwatt.errors import UserError
from fairwatt.reproductions.item import Shelf

if TYPE_CHECKING:
    import pandas as pd


def read_table(shelf: Shelf, name: str, columns: Sequence[str]) -> "pd.DataFrame":
    """These columns of `data/NAME`. Raises MissingDataError, or UserError where it is damaged or another file."""
    import pandas as pd
    import pyarrow as pa

    path = shelf.path(name)
    try:
        return pd.read_parquet(path, columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: not the published file ({reason}); fetch it again") from None
