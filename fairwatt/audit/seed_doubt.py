"""Whether what was guessed to tell the searches of a method apart tells its trainings apart."""

from typing import TYPE_CHECKING

from fairwatt.audit.column_map import joined, option
from fairwatt.audit.config_doubt import AGAIN, alike
from fairwatt.audit.fidelity_doubt import credible
from fairwatt.audit.log import LogError
from fairwatt.audit.log_frame import SEARCH
from fairwatt.audit.vocabulary import tokens

if TYPE_CHECKING:
    import pandas as pd

SINGLE, MANY = 0.9, 10
"""Share of searches of one training from which their seed is doubted, and how many there must be."""
GOING_ON = 0.5
"""Share of searches whose trials go on where those of another ended, and of methods that ask for the same each time."""
RUNS = frozenset({"run", "id", "rep", "repetition", "repeat", "replicate"})
"""Words of a seed that may be a training's where little tells trainings apart."""


def check_seed(frame: "pd.DataFrame", column: str, source: str, order: str = "") -> None:
    """Raises LogError where nearly all searches would be one training, parts of one search, or one search again.

    frame: as `doubts.together` makes it, of all sources that call the seed so. order: the column that orders requests.
    """
    sizes = frame.groupby("search").size()
    single, one, again = sizes == 1, _of_one_training(frame, column), _again(frame)
    count, many = f"of {len(sizes)} searches would", len(sizes) >= MANY
    named = "id" in tokens(column) and len(sizes) > frame.groupby(SEARCH[:2]).ngroups
    if (many or named) and single.mean() >= SINGLE:
        why = f"is another one in nearly every row, so {int(single.sum())} {count} have one request"
    elif many and one.mean() >= SINGLE:
        why = f"is another one for nearly every training, so {int(one.sum())} {count} hold one training"
    elif many and _goes_on(frame):
        why = f"splits searches, it seems, for in most of the {len(sizes)} the trials go on where another's ended"
    elif again:
        why = f"may be a training's, for the same {again} configurations come in the same order under each"
    else:
        return
    pooled = option("seed=", *([f"order={joined((order,))}"] if order else []))
    raise LogError(
        f'{source}: seed: {column} {why}; name what tells searches apart: --columns "seed=COLUMN", or {pooled} '
        f"if each method is one search, or, if {column} does: {option(f'seed={joined((column,))}')}"
    )


def _again(frame: "pd.DataFrame") -> int:
    """How many configurations all searches of a method have, in one order, in most methods; 0 where they differ.

    Names and settings may be those of a counter that begins anew: equal ones must have errors that are alike, unless
    settings are others in each method.
    """
    several = frame.groupby(SEARCH[:2])["search"].transform("nunique") > 1
    for name in ("settings", "config") if credible(frame) else ("config",):
        told = frame[several & frame[name].notna()].drop_duplicates(["search", name])
        told = told.assign(place=told.groupby("search").cumcount())
        methods = told.groupby(SEARCH[:2])
        kinds, there = methods[name].nunique(), methods.size() / methods["search"].nunique()
        spread = told.groupby([*SEARCH[:2], name])["place"].std().groupby(level=[0, 1]).mean() / methods["place"].std()
        same = (kinds >= AGAIN) & (there >= SINGLE * kinds) & (spread <= 1 - SINGLE)
        if same.mean() > GOING_ON and ((name == "settings" and _differ(told)) or alike(frame, name)):
            return int(kinds[same].max())
    return 0


def _differ(told: "pd.DataFrame") -> bool:
    """Whether each method has settings of its own."""
    methods = told.groupby(["space", "settings"])["method"].nunique()
    return told["method"].nunique() > 1 and float((methods == 1).mean()) >= SINGLE


def _of_one_training(frame: "pd.DataFrame", column: str) -> "pd.Series[bool]":
    """By search, whether its rows are one training, reported or continued as it gets longer."""
    searches = frame.groupby("search")
    sizes, levels = searches.size(), searches["fidelity"].nunique()
    name = next((each for each in ("config", "trial") if frame[each].notna().any()), "settings")
    run = bool(RUNS & set(tokens(column)))
    longer = (levels == sizes) & (levels > 1)
    if frame[name].nunique() <= 1:  # nothing names a training
        return (sizes == 1) | (longer & run & (len(sizes) >= MANY * frame.groupby(SEARCH[:2]).ngroups))
    unlike = ~searches[name].first().duplicated(keep=False) & run & (name != "trial")  # may number repetitions as well
    return (sizes == 1) | ((searches[name].nunique() == 1) & (longer | (unlike & (levels <= 1))))


def _goes_on(frame: "pd.DataFrame") -> bool:
    """Whether the numbers of trials in most searches begin where those of another of the method end.

    Numbers of the whole log do that as well, but none of these is there twice.
    """
    import pandas as pd

    told = frame.assign(number=pd.to_numeric(frame["trial"], errors="coerce"))
    again = told.drop_duplicates([*SEARCH, "number"]).duplicated([*SEARCH[:2], "number"])
    if told["number"].isna().any() or not again.any():
        return False
    ends = told.groupby(SEARCH)["number"].agg(["min", "max"]).reset_index()
    before = pd.MultiIndex.from_frame(ends[[*SEARCH[:2], "max"]])
    after = pd.MultiIndex.from_frame(ends[SEARCH[:2]].assign(max=ends["min"] - 1))
    return bool(after.isin(before).mean() > GOING_ON)
