"""The words that names of columns are made of, and what they mean."""

import re

from fairwatt.audit.column_map import Formula


def words(text: str) -> tuple[str, ...]:
    """Of a list that is written as one text."""
    return tuple(text.split())


EXACT = {
    "space": words("space search_space benchmark dataset task problem task_id benchmark_id scenario"),
    "method": words(
        "method algorithm algo arm searcher method_name algorithm_name optimizer optimiser optimizer_id "
        "strategy tuner scheduler sampler approach"
    ),
    "seed": words("seed random_seed run repetition rep run_id repeat replicate"),
    "order": words(
        "eval_index order evaluation trial_number trial_index trial_id trial number n_trials index step iteration "
        "iter i timestamp time_stamp end_time endtime start_time starttime datetime date"
    ),
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

IDS = ("config_id", "configuration_id")
PREFIXES = ("config:", "config.", "config_", "params_", "params.", "param_", "param.", "hp_", "hp.", "hyperparameters.")
TRAINERS = frozenset(words("sgd adam adamw rmsprop momentum adagrad adadelta nadam lamb lion nesterov"))
"""Values of a column `optimizer` that is a hyperparameter and no method."""

VALIDATION = frozenset(words("val valid validation dev"))
ACCURACY = frozenset(words("acc accuracy accuracies top1 f1 auc auroc"))
ERROR = frozenset(words("err error errors"))
LOSS = frozenset(words("loss nll entropy rmse mse mae perplexity regret"))
NEUTRAL = frozenset(words("value objective metric y f fitness reward score result target"))
NOT_VALIDATION = frozenset(words("test train training"))
PERCENT = frozenset(words("pct percent percentage"))

ENERGY = frozenset(words("energy kwh joules joule consumption tec"))
TIME = frozenset(words("time runtime duration seconds secs walltime wallclock elapsed"))
NO_COST = frozenset(
    words("start end stop stamp timestamp begin inference infer latency pred predict predicted test date eval")
)
RUNNING = frozenset(words("cum cumulative cumulated total spent elapsed sofar running"))

UNITS = {
    **dict.fromkeys(words("kwh"), "kWh"),
    **dict.fromkeys(words("wh"), "Wh"),
    **dict.fromkeys(words("j joule joules"), "J"),
    **dict.fromkeys(words("kj"), "kJ"),
    **dict.fromkeys(words("mj"), "MJ"),
    **dict.fromkeys(words("ms milliseconds"), "ms"),
    **dict.fromkeys(words("s sec secs second seconds"), "s"),
    **dict.fromkeys(words("min mins minutes"), "min"),
    **dict.fromkeys(words("h hour hours"), "h"),
    **dict.fromkeys(words("usd dollars"), "USD"),
}


def tokens(name: str) -> list[str]:
    """The words of a column's name, in small letters."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    words = [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]
    joined = [re.fullmatch(r"(val|valid|validation|test)(acc|accuracy|err|error|loss)", word) for word in words]
    return [part for word, pair in zip(words, joined, strict=True) for part in (pair.groups() if pair else (word,))]


def unit_of(cost: Formula) -> str:
    """What the last word of a cost's name says, or the first word that is a unit; evaluations where there is none."""
    if not cost.columns:
        return "evaluations"
    words = tokens(cost.columns[0])
    named = [UNITS[word] for word in reversed(words) if word in UNITS]
    if named:
        return named[0]
    return "s" if TIME & set(words) else f"units of {cost.columns[0]}"
