"""The words that names of columns are made of, and what they mean."""

import re
from collections.abc import Sequence

from fairwatt.audit.column_map import Formula


def words(text: str) -> tuple[str, ...]:
    """Of a list that is written as one text."""
    return tuple(text.split())


EXACT = {
    "space": words("space search_space benchmark problem task dataset task_id benchmark_id scenario"),
    "method": words(
        "method algorithm algo arm searcher method_name algorithm_name optimizer optimiser optimizer_id "
        "strategy tuner scheduler sampler approach search_method hpo_method nas_method search_algorithm "
        "optimizer_name optimiser_name alg search_alg nas_algorithm tuner_name solver agent"
    ),
    "seed": words(
        "seed random_seed search_seed exp_seed experiment_seed global_seed run repetition rep run_id repeat replicate "
        "replication repetition_id rep_id run_number run_no run_idx run_index rng"
    ),
    "config": words(
        "hash arch_hash architecture_hash graph_hash model_hash config_hash config configuration arch architecture "
        "arch_str arch_index architecture_index arch_id architecture_id genotype network cell key params "
        "hyperparameters"
    ),
    "valid": words("valid is_valid feasible success ok status state trial_status"),
    "fidelity": words(
        "fidelity budget_epochs budget epochs epoch n_epochs num_epochs train_epochs max_epochs resource "
        "training_iteration"
    ),
}
"""Names that mean one thing, the surest first."""

COUNTERS = words("eval_index order evaluation trial_number trial_index number n_trials index")
MAYBE_COUNTERS = ("number", "index")
"""Counters by name that may be the number of an architecture: only values without gaps are an order."""
TRIAL_NAMES = words("trial_number trial_index trial trial_id trial_name trial_uid")
"""Of a training, on which several rows may report."""
TIMES = words(
    "timestamp time_stamp end_time endtime datetime_complete start_time starttime datetime_start datetime date created "
    "created_at createdat"
)
TRIALS = words("trial trial_id")
ROUNDS = words("step iteration iter i generation")
"""What requests can be in the order of: a number for each, a clock, a trial that may come back, a round of several."""

TELLING = {
    "method": frozenset(
        words("method optimizer optimiser algorithm algo sampler searcher tuner strategy variant tool")
    ),
    "seed": frozenset(words("seed run rep repetition repeat replicate replication rng")),
    "fidelity": frozenset(words("step steps epoch epochs iteration iter round budget rung")),
}
"""Words of columns that may tell apart what another column numbers."""
WHOLE_CONFIGS = frozenset(words("hash arch_hash architecture_hash graph_hash model_hash config_hash arch_str genotype"))
"""Names that are never those of one hyperparameter among others."""

IDS = ("config_id", "configuration_id")
PREFIXES = re.compile(r"(?:config|params?|hp|hparams?|hyper_?param(?:eter)?s?)[:._/]", re.IGNORECASE)
"""What names of hyperparameters begin with."""
NAMING = frozenset(words("id hash name index idx key"))
SIZING = frozenset(words("count counts size m k million millions mb gb num number total flops macs"))
"""What is left of a name behind such a beginning where it names the network, or is its size."""
TRAINERS = frozenset(
    words(
        "sgd adam adamw rmsprop momentum adagrad adadelta nadam lamb lion nesterov radam lars adamax adafactor nadamw "
        "adabelief muon shampoo sophia ranger"
    )
)
"""Values of a column `optimizer` that is a hyperparameter and no method."""
SOLVERS = TRAINERS | frozenset(
    words("lbfgs l-bfgs liblinear newton-cg newton-cholesky sag saga svd cholesky lsqr sparse_cg eigen lu auto euler")
)
"""Values of a column `solver` that is a hyperparameter."""
MAYBE_METHODS = ("solver", "agent")
"""Names of a method only where no surer one is there."""
MAYBE_SEEDS = ("run_number", "run_no", "run_idx", "run_index", "rng")
"""Names of a seed only where no surer one tells searches apart."""
SCHEDULES = frozenset(
    words(
        "cosine step linear exponential plateau constant warmup multistep polynomial onecycle lr annealing cyclic decay"
    )
)
"""Words of the values of a column `scheduler` of learning rates."""
NEIGHBOURS = frozenset(words("kd_tree ball_tree brute"))
"""Values of a column `algorithm` that is a hyperparameter of nearest neighbours."""
MOST_METHODS = 20
"""Values of a column that names methods, at most."""
STUDIES = frozenset(words("study experiment exp sweep group"))
"""What people call all searches of one method, alone or before a name or an id."""

VALIDATION = frozenset(words("val valid validation dev"))
ACCURACY = frozenset(words("acc accuracy accuracies acc1 acc5 top1 top5 f1 auc auroc"))
RANKS = frozenset(words("top1 top5"))
ERROR = frozenset(words("err error errors"))
LOSS = frozenset(words("loss nll entropy rmse mse mae perplexity ppl bpc regret"))
NEUTRAL = frozenset(words("value objective metric y f fitness reward score result target"))
NOT_VALIDATION = frozenset(words("test train training"))
QUALITIES = frozenset(words("hr ndcg mrr precision recall iou miou map bleu rouge dice kappa mcc psnr ssim"))
"""Metrics without a tier of their own; not every one is a rate."""
SHARED_OUT = frozenset(words("size ratio fraction frac share"))
"""Last words of how data were divided: val_ratio is no metric."""
PERCENT = frozenset(words("pct percent percentage"))
TURNED = frozenset(
    words(
        "neg negative negated minus inv inverse drop gap diff difference delta change improvement reduction rank "
        "std stdev sd var variance sem stderr ci lower upper"
    )
)
"""Words that turn a metric around, or make a spread or a difference of it."""
BEST = frozenset(words("best incumbent cummax cummin sofar"))
"""Words of a metric that may be the search's, not the request's."""

JOULES = frozenset(words("kwh wh mwh joules joule kj mj"))
ENERGY = frozenset(words("energy consumption tec")) | JOULES
TIME = frozenset(
    words(
        "time runtime duration seconds secs sec wall walltime wallclock elapsed minutes minute mins hours hour hrs "
        "days day gpuhours gpudays milliseconds"
    )
)
CALENDAR = frozenset(words("minute hour day"))
"""Words of TIME that alone are those of a clock."""
TAKEN = frozenset(words("time runtime duration wall walltime wallclock elapsed gpuhours gpudays"))
"""Words of TIME that are no mere unit, such as that of lookback_hours."""
TRAINED = frozenset(words("train training gpu cpu"))
"""Words of a cost beside its unit."""
WORKED = TRAINED | frozenset(
    words(
        "fit fitting run running exec execution job compute node core tpu clock t trial request evaluation process "
        "real user total cum cumulative cumulated spent used consumed taken cost"
    )
)
"""Words beside which a unit of time or energy is that of what a request took."""
CHOSEN = frozenset(
    words(
        "weight weights scale scaling coef coefficient lambda mask masks masking steps dim dims window lookback "
        "horizon clip segment length size embedding embed warmup interval stride context history lag kernel"
    )
)
"""Words of hyperparameters in names that hold a word of a cost too, such as time_mask or energy_weight."""
ENDINGS = frozenset(words("s sec secs h hr hrs"))
"""Last words of durations, behind another."""
SIZES = frozenset(words("memory mem ram vram mb gb mib gib bytes params flops macs power watt watts w fuel data disk"))
"""Of what costs, but not what a request took; a power counts where its unit is one of energy."""
NO_COST = frozenset(
    words("start end stop stamp timestamp begin inference infer latency pred predict predicted test date eval")
)
PARTS = frozenset(words("per epoch iter iteration step batch"))
SHARES = PARTS | frozenset(words("limit max budget timeout allowed remaining left eta"))
"""Words of a cost that may be that of a part of a request, or what it was allowed."""
MONEY = frozenset(words("co2 co2eq co2e carbon emissions kg price dollars usd cost"))
COSTLY = SIZES | TIME | ENERGY | MONEY | frozenset(words("gpu cpu clock"))
"""Words of columns that may be a cost where no other is found."""
RUNNING = frozenset(words("cum cumulative cumulated total spent elapsed sofar"))

LABELS = frozenset(
    words(
        "id uuid name names uid at date datetime timestamp created updated complete host hostname node pid ip user "
        "url path dir logdir folder file tags tag notes note seed state status done sweep commit version device "
        "worker step iteration iter epoch epochs budget index idx number order trial evaluation generation individual "
        "phase stage "
        "unnamed eval experiment instance task dataset split fold rank run rep repetition replicate"
    )
)
"""Last words of columns that name or number a row, and are no hyperparameter."""

UNITS = {
    **dict.fromkeys(words("kwh"), "kWh"),
    **dict.fromkeys(words("wh"), "Wh"),
    **dict.fromkeys(words("j joule joules"), "J"),
    **dict.fromkeys(words("kj"), "kJ"),
    **dict.fromkeys(words("mj"), "mj"),  # small letters leave open whether a million or a thousandth
    **dict.fromkeys(words("mwh"), "mwh"),
    **dict.fromkeys(words("ms milliseconds"), "ms"),
    **dict.fromkeys(words("s sec secs second seconds"), "s"),
    **dict.fromkeys(words("min mins minute minutes"), "min"),
    **dict.fromkeys(words("h hr hrs hour hours gpuhours"), "h"),
    **dict.fromkeys(words("day days gpudays"), "d"),
    **dict.fromkeys(words("usd dollars"), "USD"),
}

DATED_S = 1e9
"""A duration of 31 years, in seconds: a date."""
SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
"""Of units of time."""

SPELT = re.compile(r"(?:(?<=[a-z0-9])|(?<![A-Za-z]))([kKmM]?W[hH]|[kKmM]J)(?![a-z])")
"""Units whose capitals are no beginnings of words, and tell mega from milli."""
WRITTEN_OUT = re.compile(r"\s*-|\s*\d+(\.\d*)?\s*-")
"""The beginning of a name that is a formula, such as 1-val_acc."""


def tokens(name: str) -> list[str]:
    """The words of a column's name, in small letters."""
    spaced = SPELT.sub(lambda unit: f"_{unit[1].lower()}", name)
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", spaced)
    words = [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]
    joined = [re.fullmatch(r"(val|valid|validation|test)(acc|accuracy|err|error|loss)", word) for word in words]
    return [part for word, pair in zip(words, joined, strict=True) for part in (pair.groups() if pair else (word,))]


def unit_of(cost: Formula) -> str:
    """What the last word of a cost's name says, or the first word that is a unit; evaluations where there is none."""
    if not cost.columns:
        return "evaluations"
    spelt = SPELT.findall(cost.columns[0])
    if spelt:
        unit = str(spelt[-1])
        return unit[:-1].removesuffix("W").replace("K", "k") + ("Wh" if "W" in unit else "J")
    words = tokens(cost.columns[0])
    named = [UNITS[word] for word in reversed(words) if word in UNITS]
    if named:
        return named[0]
    return "s" if TIME & set(words) else f"units of {cost.columns[0]}"


def is_duration(words: Sequence[str]) -> bool:
    """Whether a name is that of a duration by its last words, such as fit_s; max_h is none."""
    *before, last = words
    return bool(before) and last in ENDINGS | {"min"} and before[-1] in WORKED | TIME | PARTS


def may_be_duration(words: Sequence[str]) -> bool:
    """Whether a name ends in a unit of time at least, as dim_h and load_s do."""
    return len(words) > 1 and words[-1] in ENDINGS


def is_running(words: Sequence[str]) -> bool:
    """Whether a cost's name says that it is a running total; a running time is that of one request."""
    following = zip(words, [*words[1:], ""], strict=True)
    return bool(RUNNING & set(words)) or any(word == "running" and after not in TIME for word, after in following)
