"""What a log shows of its searches: where they draw from, what they hold, and whether there are enough of them."""

from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.protocol import MIN_SEEDS
from fairwatt.audit.account import SEARCH
from fairwatt.audit.wording import test_words
from fairwatt.fairness.threats import State
from fairwatt.report.plain_text import name

if TYPE_CHECKING:
    import pandas as pd

    from fairwatt.audit.audit import Audit

Answer = tuple[State, str]
_SAME = 1e-6  # relative; errors that differ by less are one answer
_UNEVEN = 10.0  # times the uniform share, from which a commonest configuration is no accident of drawing


def samplers(audit: "Audit") -> Answer:
    """T3: whether the reference draws as a uniform random search would."""
    table, uneven = audit.spend, []
    own = table[table["method"] == audit.reference]
    if own["distinct"].isna().all():
        return State.NOT_TOLD, "the log does not name configurations"
    seen = audit.log.frame[audit.log.frame["valid"]].groupby("space")["config"].nunique()
    for row in own.to_dict("records"):
        uniform = 1.0 / max(int(seen[row["space"]]), 1)
        if row["modal"] > max(_UNEVEN * uniform, 0.05):
            uneven.append(
                f"on {name(row['space'])} {row['modal']:.0%} of {name(audit.reference)}'s valid requests are for one "
                f"configuration of {int(seen[row['space']]):,} seen"
            )
    if uneven:
        return State.FAIL, "; ".join(uneven) + ": not a uniform draw, whatever the others draw from"
    return State.NOT_TOLD, (
        f"{name(audit.reference)}'s commonest configuration takes {own['modal'].max():.1%} of its valid requests; "
        f"what the others draw from is not in the log"
    )


def mixed_fidelity(audit: "Audit") -> Answer:
    """T6: whether fronts mix fidelities that not all methods could choose."""
    frame = audit.log.frame[audit.log.frame["valid"]]
    levels = frame.groupby(["space", "method"])["fidelity"].unique()
    if frame.groupby("space")["fidelity"].nunique().max() <= 1:
        return State.NOT_APPLICABLE, "one fidelity only"
    if "hypervolume" not in audit.endpoints:
        return State.PASS, "what is compared is the lowest error at the highest fidelity alone"
    different = [
        name(str(space))
        for space, group in levels.groupby("space")
        if len({tuple(sorted(each[~np.isnan(each)])) for each in group}) > 1
    ]
    when = "if energy was an objective, " if audit.energy_guessed else ""
    if different:
        return State.FAIL, (
            f"{when}fronts mix fidelities, and not all methods have the same ones on {', '.join(different)}"
        )
    return State.NOT_TOLD, (
        f"{when}fronts mix fidelities; the same levels occur for all methods, and whether each could choose them "
        "freely is not in the log"
    )


def asked_again(audit: "Audit") -> Answer:
    """T10: whether a request that is repeated gets another answer."""
    frame = audit.log.frame
    if frame["config"].isna().all():
        return State.NOT_TOLD, "the log does not name configurations"
    asked = frame[frame["valid"] & frame["config"].notna()]
    groups = asked.groupby([*SEARCH, "config", "fidelity"], dropna=False)["val_error"]
    spread = groups.agg(["size", "min", "max"])
    twice = spread[spread["size"] > 1]
    if twice.empty:
        return State.NOT_APPLICABLE, "no search asks for anything twice"
    moved = (twice["max"] - twice["min"] > _SAME * twice["max"].abs()).mean()
    words = f"{moved:.0%} of {len(twice):,} requests that were repeated in one search got another answer"
    return (State.FAIL if moved > 0 else State.PASS), words


def one_seed(audit: "Audit") -> Answer:
    """T11: methods with one search."""
    lone = audit.spend[audit.spend["searches"] < 2]
    if lone.empty:
        return State.PASS, f"at least {audit.spend['searches'].min()} searches of each method"
    return State.FAIL, f"one search of {_pairs_of(lone)}"


def few_seeds(audit: "Audit") -> Answer:
    """T12: whether both sides have the searches that a verdict takes."""
    low, high = int(audit.spend["searches"].min()), int(audit.spend["searches"].max())
    worst = audit.seeds.sort_values(["detectable_a12", "attainable_holm"]).to_dict("records")[-1]
    smallest = f"its smallest exact p is {worst['attainable_p']:.2g} ({worst['attainable_holm']:.2g} by Holm)"
    if np.isnan(worst["detectable_a12"]):
        power = f"the smallest pair can find no difference, for {smallest}"
    else:
        power = (
            f"an A12 of {worst['detectable_a12']:.2f} is the smallest that the smallest pair finds with power .8, and "
            f"{smallest}"
        )
    words = f"{low} to {high} searches a method; {power}; p here: {test_words(audit)}"
    return (State.FAIL if low < MIN_SEEDS else State.PASS), words


def seeds_control(audit: "Audit") -> Answer:
    """T13: searches of one method under two seeds that ask and hear exactly the same."""
    import pandas as pd

    frame = audit.log.frame
    columns = ["config", "fidelity", "val_error", "cost"]
    prints = pd.util.hash_pandas_object(frame[columns].astype({"config": str}), index=False)
    mixed = prints * (frame.groupby(SEARCH).cumcount() + 1).astype("uint64")
    whole = mixed.groupby([frame[column] for column in SEARCH]).agg(["sum", "size"]).reset_index()
    same = whole[whole["size"] > 1].duplicated(["space", "method", "sum", "size"])
    if same.any():
        first = whole[whole["size"] > 1][same].iloc[0]
        return State.FAIL, (
            f"{int(same.sum())} searches are the same as another one under another seed, "
            f"first {name(first['method'])} on {name(first['space'])}, seed {name(first['seed'])}"
        )
    return State.NOT_TOLD, "no two searches are the same; whether a seed gives its search again is not in a log"


def low_incumbents(audit: "Audit") -> Answer:
    """T14: searches whose lowest error was measured below the highest fidelity."""
    frame, table = audit.log.frame, audit.incumbents
    if frame[frame["valid"]].groupby("space")["fidelity"].nunique().max() <= 1:
        return State.NOT_APPLICABLE, "one fidelity only"
    worst = table.sort_values("low", na_position="first").to_dict("records")[-1]
    if not worst["low"] > 0:
        return State.PASS, "the lowest validation error of every search is at the highest fidelity"
    return State.FAIL, (
        f"{worst['low']:.0%} of {name(worst['method'])}'s searches on {name(worst['space'])} have their lowest "
        f"validation error below the highest fidelity"
    )


def test_is_validation(audit: "Audit") -> Answer:
    """T18: whether test errors are validation errors."""
    frame = audit.log.frame[audit.log.frame["valid"]]
    both = frame[np.isfinite(frame["test_error"])]
    if both.empty:
        return State.NOT_TOLD, "no test error in the log; all that is compared here is validation"
    same = float((both["test_error"] == both["val_error"]).mean())
    words = f"test and validation error are equal in {same:.0%} of {len(both):,} requests"
    return (State.FAIL if same > 0.99 else State.PASS), words


def saturated(audit: "Audit") -> Answer:
    """T22: ties between searches as recorded: an indicator that cannot tell them apart."""
    shares: dict[str, float] = {}
    for endpoint in audit.endpoints:
        for space, arm, reference in audit.pairs:
            sides = [audit.searches(endpoint, space, method) for method in (arm, reference)]
            mine, other = (np.array([course.losses[-1] for course in side]) for side in sides)
            tied = float((mine[:, None] == other[None, :]).mean())
            shares[endpoint] = max(shares.get(endpoint, 0.0), tied)
    words = "; ".join(
        f"at most {share:.0%} of the pairs of searches of two methods are tied in {endpoint}"
        for endpoint, share in shares.items()
    )
    if "hypervolume" in audit.endpoints:
        words += f"; the corner of hypervolumes is the largest energy of the log and {_corner(audit)}"
    return (State.FAIL if max(shares.values()) > 0.5 else State.PASS), words


def _corner(audit: "Audit") -> str:
    """The error at the corner of hypervolumes: see `matched.scaled`."""
    valid = audit.log.frame[audit.log.frame["valid"] & audit.log.frame["energy"].notna()]
    rates = valid["val_error"].between(0, 1).groupby(valid["space"]).all()
    if rates.all():
        return "an error of 1"
    return "an error of 1, or its largest where errors lie beyond [0, 1]" if rates.any() else "its largest error"


def peeking(audit: "Audit") -> Answer:
    """T26: how many comparisons are made here."""
    tests = len(audit.contrasts)
    return State.NOT_TOLD, (
        f"a log holds no declaration of what was to be tested; this audit makes {tests:,} comparisons, Holm adjusts "
        f"for the {len(audit.pairs)} of one endpoint, rule and policy; what differs between rules is shown, none "
        "selected"
    )


def _pairs_of(table: "pd.DataFrame") -> str:
    return ", ".join(f"{name(row['method'])} on {name(row['space'])}" for row in table.to_dict("records"))
