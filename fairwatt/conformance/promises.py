"""What every optimizer must satisfy. `fairwatt check` and the project's own tests run this.

A check that fails, or stops with an error, is a `Finding` with what was seen and what to do; nothing is raised. What
checks in one Python process cannot prove is said in `overreach` and on the page docs/own-optimizer.md.
"""

from collections.abc import Callable, Sequence
from functools import partial

from fairwatt.conformance.driven import PATIENCE_SECONDS
from fairwatt.conformance.finding import Check, Finding, findings
from fairwatt.conformance.tried_searches import Runner, TriedSearches
from fairwatt.errors import UnknownNameError
from fairwatt.optimizer import OptimizerFactory
from fairwatt.problem import Benchmark

SHOWN, ASKS, INSIDE, RUNS = "reads what it is shown", "asks and is told", "asks inside the space", "finishes a run"
ALONE, SEEDED, SAME = "leaves global state alone", "seeds its generators", "one seed, one search"
SURVIVES, FRESH = "survives invalid answers", "one search in any process"
OTHER = "other seed, other search"

Tried = TriedSearches
PROMISES: tuple[tuple[str, Callable[[TriedSearches], str], str, tuple[str, ...]], ...] = (
    (SHOWN, Tried.reads_more, "use a problem's and a trial's own fields only", ()),
    (
        ASKS,
        Tried.stops_short,
        "the body must `yield Query(config)`, a class must ask and tell; neither may raise",
        (SHOWN,),
    ),
    (INSIDE, Tried.leaves_space, "ask values of `space.dims`, at one of `problem.fidelities`", (ASKS,)),
    (
        "asks valid configurations",
        Tried.asks_invalid,
        "use the space's moves, or test `space.is_valid` first",
        (INSIDE,),
    ),
    (
        "starts with the shared design",
        Tried.skips_design,
        "ask all of `problem.initial` first, in its order",
        (INSIDE,),
    ),
    (
        "searches without a shared design",
        Tried.needs_design,
        "take `problem.starts(rng)`: `problem.initial` may be empty",
        (INSIDE,),
    ),
    ("ends for good", Tried.revives, "let `ask` raise SearchEnded every time after the first", (ASKS,)),
    (SURVIVES, Tried.stops_when_invalid, "treat `not trial.ok` as the worst outcome", (INSIDE,)),
    ("builds on no invalid answer", Tried.prefers_invalid, "losses of INVALID are infinite: never take 0", (SURVIVES,)),
    (ALONE, Tried.changes_global_state, "draw from `rng`, not `random`, `np.random` or torch's own", (INSIDE,)),
    (SEEDED, Tried.draws_unseeded, "draw from `rng`, or seed a generator with `rng.integers(2**32)`", (INSIDE,)),
    ("asks the runner only", Tried.asks_others, "learn from `trial = yield Query(config)` alone", (INSIDE,)),
    (RUNS, Tried.breaks_off, "see the whole traceback: fairwatt run, then the .failed file in its results", (INSIDE,)),
    ("declares its fidelities", Tried.hides_fidelities, "say @optimizer(..., multi_fidelity=True)", (RUNS,)),
    ("trains fully", Tried.never_full, "ask the best at fidelity 1.0: only full trainings are compared", (RUNS,)),
    ("asks new questions", Tried.repeats, "keep `space.key` of what was asked; compare stored losses", (RUNS,)),
    ("survives JSON", Tried.changed_by_json, "ask built-in int, float and str, not numpy's; plain settings", (RUNS,)),
    (SAME, Tried.differs_again, "draw from `rng` only; no clock, no id(); lists, not sets", (RUNS, ALONE, SEEDED)),
    (FRESH, Tried.differs_elsewhere, "sort sets before iterating; no hash() of text, no id()", (SAME,)),
    (OTHER, Tried.ignores_seed, "draw from `rng`", (SAME,)),
    ("other label, other search", Tried.ignores_label, "draw from `rng`, which the arm's label keys", (OTHER,)),
    ("sees no cost and no test error", Tried.sees_more, "choose by `trial.losses`; look into no frame", (SAME,)),
    ("a smaller budget is a prefix", Tried.plans_on_budget, "neither look for a budget nor plan on one", (SAME,)),
)
"""Each with the method that tries it, what to do where it is not kept, and the promises that it builds on."""


def check_optimizer(
    factory: OptimizerFactory,
    benchmark: Benchmark,
    run: Runner,
    *,
    hash_seeds: Sequence[int] = (),
    patience: float = PATIENCE_SECONDS,
) -> list[Finding]:
    """Every promise of an optimizer, tried on one benchmark.

    run: the project's runner, `fairwatt.run`: called as run(benchmark, factory, seed=, budget=, label=). Takes a few
    short searches on `benchmark`, which should have at least a few hundred configurations. hash_seeds: searches also
    in a fresh process under each PYTHONHASHSEED; the algorithm must be in a file then, and the benchmark registered.
    patience: seconds for one query. What the factory waives is left out. Raises UnknownNameError where it waives no
    promise that there is.
    """
    tried = TriedSearches(factory, benchmark, run, patience, hash_seeds)
    names = [name for name, *_ in PROMISES]
    for name in factory.waives:
        if name not in names:
            raise UnknownNameError("check", name, names)
    left_out = {*factory.waives, *(() if hash_seeds else (FRESH,))}
    return findings(
        Check(name, partial(method, tried), fix, needs) for name, method, fix, needs in PROMISES if name not in left_out
    )
