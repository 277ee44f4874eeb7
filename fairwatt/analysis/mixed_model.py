"""A linear mixed model of all arms over all spaces: score ~ arm + (1 | stratum) + (1 | space and seed), by REML.

Spaces that share networks are one stratum. Effects of arms do not vary between spaces in this model, so its claims are
about these spaces, as a whole; whether an effect turns round in one of them is for `across` to say. Fitted by
statsmodels. Exploratory, so q-values are Benjamini and Hochberg's over arms and budgets. Specification: section 4.2.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fairwatt.analysis.pooled import Scores
from fairwatt.analysis.statistics import benjamini_hochberg
from fairwatt.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

MOST_BLOCKS = 150


@dataclass(frozen=True)
class MixedModel:
    """A fit. effects: columns arm, effect (arm - reference, negative is better), low, high (95 %), p.

    sd_stratum, sd_block, sd_residual: standard deviations of what strata add (NaN where they are fixed effects), of
    what one seed of one space adds, and of the rest. converged: False where the optimiser gave up; then nothing is to
    be read from the numbers. notes: what statsmodels warned of, and whether strata are fixed effects.
    """

    reference: str
    effects: "pd.DataFrame"
    sd_stratum: float
    sd_block: float
    sd_residual: float
    strata: tuple[tuple[str, ...], ...]
    converged: bool
    notes: tuple[str, ...]


def mixed_models(
    scores: Mapping[str, Scores], strata: Sequence[Sequence[str]], reference: str
) -> dict[str, MixedModel]:
    """The fit of each budget, see `mixed_model`; effects have q too, over arms and budgets."""
    fits = {budget: mixed_model(each, strata, reference) for budget, each in scores.items()}
    q_values = iter(benjamini_hochberg([p for fit in fits.values() for p in fit.effects["p"]]))
    return {
        budget: replace(fit, effects=fit.effects.assign(q=[next(q_values) for _ in fit.effects["p"]]))
        for budget, fit in fits.items()
    }


def mixed_model(scores: Scores, strata: Sequence[Sequence[str]], reference: str) -> MixedModel:
    """Fit scores by space, arm and seed. strata: groups of spaces that are not independent of each other.

    Beyond 150 blocks (seeds of spaces) the fit would take minutes; strata then are fixed effects, which in a complete
    table changes no effect of an arm, and a note says so. Raises UserError for fewer than two strata, among which
    nothing varies.
    """
    import pandas as pd
    from statsmodels.regression.mixed_linear_model import MixedLM

    groups = tuple(tuple(group) for group in strata)
    if len(groups) < 2:
        raise UserError(f"a mixed model needs two independent spaces or more, got one stratum: {', '.join(*groups)}")
    stratum = {space: place for place, group in enumerate(groups) for space in group}
    arms = [reference, *(arm for arm in next(iter(scores.values())) if arm != reference)]
    rows = [
        (stratum[space], f"{place}-{seed}", arms.index(arm), score)
        for place, (space, by_arm) in enumerate(scores.items())
        for arm, values in by_arm.items()
        for seed, score in enumerate(np.asarray(values, dtype=np.float64).tolist())
    ]
    # Numbers instead of names: a formula is code, and an arm may have any name.
    frame = pd.DataFrame(rows, columns=["stratum", "block", "arm", "score"])
    many, failure = frame["block"].nunique() > MOST_BLOCKS, ""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            if many:
                model = MixedLM.from_formula("score ~ C(arm) + C(stratum)", frame, groups="block")
            else:
                model = MixedLM.from_formula(
                    "score ~ C(arm)", frame, groups="stratum", re_formula="1", vc_formula={"block": "0 + C(block)"}
                )
            # Without gradients: a variance of zero, which is frequent, is where those of statsmodels give up.
            fit = model.fit(reml=True, method=["powell", "nm"])
        except (np.linalg.LinAlgError, ValueError) as error:
            failure = f"not fitted: {error}"
    said = [f"more than {MOST_BLOCKS} blocks: strata are fixed effects"] if many else []
    notes = tuple(dict.fromkeys([*said, *(str(warning.message) for warning in heard), *filter(None, [failure])]))
    if failure:
        nothing = np.full(len(arms) - 1, math.nan)
        effects, low, high, p = nothing, nothing, nothing, nothing
        variances = [math.nan, math.nan, math.nan]
    else:
        names = [f"C(arm)[T.{place}]" for place in range(1, len(arms))]
        effects, p = fit.fe_params[names].to_numpy(), fit.pvalues[names].to_numpy()
        low, high = fit.conf_int().loc[names].to_numpy().T
        group = float(fit.cov_re.iloc[0, 0])  # of blocks, if there are many, and else of strata
        variances = [*((math.nan, group) if many else (group, float(fit.vcomp[0]))), float(fit.scale)]
    return MixedModel(
        reference=reference,
        effects=pd.DataFrame({"arm": arms[1:], "effect": effects, "low": low, "high": high, "p": p}),
        sd_stratum=math.sqrt(variances[0]),
        sd_block=math.sqrt(variances[1]),
        sd_residual=math.sqrt(variances[2]),
        strata=groups,
        converged=not failure and bool(fit.converged),
        notes=notes,
    )
