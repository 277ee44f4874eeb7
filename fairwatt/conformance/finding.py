"""The outcome of a check: nothing is raised, and each fault comes with what to do about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Finding:
    """The outcome of one check. detail: what was seen; fix: what to do; both empty where it passed.

    tried: False where it was not tried, because a check that it builds on has failed.
    """

    check: str
    passed: bool
    detail: str
    fix: str
    tried: bool = True


class Check(NamedTuple):
    """A name, a function that says what is wrong ("" for nothing), what to do about it, and what must hold before."""

    name: str
    fault: Callable[[], str]
    fix: str
    needs: tuple[str, ...] = ()


def findings(checks: Iterable[Check | tuple[str, Callable[[], str], str]]) -> list[Finding]:
    """The outcome of each check, in their order; one whose needs have failed is not tried.

    A need that is not among them counts as met.
    """
    found: dict[str, Finding] = {}
    for check in (Check(*given) for given in checks):
        missing = next((name for name in check.needs if name in found and not found[name].passed), "")
        if missing:
            detail, fix = f"not tried: first mend {missing!r}", f"mend {missing!r}"
            found[check.name] = Finding(check.name, passed=False, detail=detail, fix=fix, tried=False)
        else:
            found[check.name] = _outcome(check)
    return list(found.values())


def _outcome(check: Check) -> Finding:
    try:
        detail = check.fault()
    except Exception as error:  # whatever the checked code raises is the finding
        detail = f"{type(error).__name__}: {error}"
    return Finding(check.name, passed=not detail, detail=detail, fix=check.fix if detail else "")
