"""What if a study were another one in a single field: changes under which all of its searches are made again.

Wrong energies are another matter: `energy_error`. These change what an optimizer draws or begins with, so that nothing
can be priced again (specification, sections 0.4, 0.11 and 3.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StudyChange:
    """One field has another value; the space, its truth, and all that the runs state beside it are as they were.

    name: of the re-runs, and of the sensitivity cell. field: of a study and, under the same name, of the headers of its
    runs. lacking: why a space may not have it; empty where every space does.
    """

    name: str
    field: str
    value: str | int
    lacking: str = ""


OWN_DESIGN = "own initial design"
CHANGES: Mapping[str, StudyChange] = {
    change.name: change
    for change in (
        StudyChange("raw sampler", "sampler", "raw", lacking="the space has no other sampler"),
        StudyChange(OWN_DESIGN, "initial", 0),
    )
}
