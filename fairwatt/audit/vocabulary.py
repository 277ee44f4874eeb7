"""The words that names of columns are made of, and what they mean."""

import re

from fairwatt.audit.column_map import Formula


def words(text: str) -> tuple[str, ...]:
    """Of a list that is written as one text."""
    return tuple(text.split())


EXACT = {
    "space": words("space search_space benchmark problem task dataset task_id benchmark_id scenario"),
    "method": words(
        "method algorithm algo arm searcher method_name algorithm_name optimizer optimiser optimizer_id "
        "strategy tuner scheduler sampler approach"
    ),
    "seed": words("seed random_seed run repetition rep run_id repeat replicate"),
    "config": words(
        "hash arch_hash architecture_hash graph_hash model_hash config configuration arch architecture arch_str "
        "genotype network cell key params hyperparameters"
    ),
    "valid": words("valid is_valid feasible success ok status state trial_status"),
    "fidelity": words(
        "fidelity budget_epochs budget epochs epoch n_epochs num_epochs train_epochs max_epochs resource"
    ),
}
"""Names that mean one thing, the surest first."""

COUNTERS = words("eval_index order evaluation trial_number trial_index number n_trials index")
TIMES = words("timestamp time_stamp end_time endtime start_time starttime datetime date")
TRIALS = words("trial trial_id")
ROUNDS = words("step iteration iter i generation")
"""What requests can be in the order of: a number for each, a clock, a trial that may come back, a round of several."""

PARTIAL_CONFIGS = frozenset(words("arch architecture network cell key params"))
"""Names of a configuration, and of one hyperparameter, or a size, among others."""

IDS = ("config_id", "configuration_id")
PREFIXES = ("config:", "config.", "config_", "params_", "params.", "param_", "param.", "hp_", "hp.", "hyperparameters.")
TRAINERS = frozenset(words("sgd adam adamw rmsprop momentum adagrad adadelta nadam lamb lion nesterov"))
"""Values of a column `optimizer` that is a hyperparameter and no method."""
SCHEDULES = frozenset(words("cosine step linear exponential plateau constant warmup multistep polynomial onecycle"))
"""Values of a column `scheduler` of learning rates."""

VALIDATION = frozenset(words("val valid validation dev"))
ACCURACY = frozenset(words("acc accuracy accuracies top1 top5 f1 auc auroc"))
RANKS = frozenset(words("top1 top5"))
ERROR = frozenset(words("err error errors"))
LOSS = frozenset(words("loss nll entropy rmse mse mae perplexity regret"))
NEUTRAL = frozenset(words("value objective metric y f fitness reward score result target"))
NOT_VALIDATION = frozenset(words("test train training"))
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
        "time runtime duration seconds secs walltime wallclock elapsed minutes mins hours days gpuhours gpudays "
        "milliseconds"
    )
)
SIZES = frozenset(words("memory mem ram vram mb gb mib gib bytes params flops macs power watt watts w fuel data disk"))
"""Of what costs, but not what a request took; a power counts where its unit is one of energy."""
NO_COST = frozenset(
    words("start end stop stamp timestamp begin inference infer latency pred predict predicted test date eval")
)
COSTLY = SIZES | TIME | ENERGY | frozenset(words("co2 carbon emissions kg gpu cpu price dollars usd hour minute day"))
"""Words of columns that may be a cost where no other is found."""
RUNNING = frozenset(words("cum cumulative cumulated total spent elapsed sofar running"))

UNITS = {
    **dict.fromkeys(words("kwh"), "kWh"),
    **dict.fromkeys(words("wh"), "Wh"),
    **dict.fromkeys(words("j joule joules"), "J"),
    **dict.fromkeys(words("kj"), "kJ"),
    **dict.fromkeys(words("mj"), "mj"),  # small letters leave open whether a million or a thousandth
    **dict.fromkeys(words("mwh"), "mwh"),
    **dict.fromkeys(words("ms milliseconds"), "ms"),
    **dict.fromkeys(words("s sec secs second seconds"), "s"),
    **dict.fromkeys(words("min mins minutes"), "min"),
    **dict.fromkeys(words("h hour hours gpuhours"), "h"),
    **dict.fromkeys(words("days gpudays"), "d"),
    **dict.fromkeys(words("usd dollars"), "USD"),
}

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
