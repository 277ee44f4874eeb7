"""The threats to a fair comparison, and what these very runs show of each."""

from fairwatt.fairness.checklists import checklists as filled
from fairwatt.fairness.threats import State
from fairwatt.report.section import Material, Part, Section, Sentence
from fairwatt.report.wording import TextTable


def audit(material: Material) -> Section:
    """A row for each threat; those that failed are repeated above, in full."""
    findings = material.facts.findings
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    lead = (
        f"{len(findings)} threats: "
        + ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        + ". The evidence is from these runs, checked apart from the code that made them."
    )
    failed = tuple(
        Sentence(f"{finding.threat.label}, {finding.threat.name}: {finding.evidence}", "FAIL", "fail")
        for finding in findings
        if finding.state is State.FAIL
    )
    rows = tuple(
        (finding.threat.label, str(finding.state), finding.threat.name, finding.threat.control, finding.evidence)
        for finding in findings
    )
    table = TextTable(
        "Threats, controls, and the evidence of these runs",
        ("threat", "state", "what goes wrong", "what is done against it", "evidence"),
        rows,
        text=(0, 1, 2, 3, 4),
        verdict=1,
    )
    return Section("audit", "Fairness audit", (Part(sentences=failed, tables=(table,)),), lead)


def checklists(material: Material) -> Section:
    """The NAS and Green AutoML checklists, as far as results can answer them."""
    parts = tuple(
        Part(
            checklist.title,
            tables=(
                TextTable(
                    f"{checklist.source}. {checklist.note}",
                    ("item", "question", "answer", "evidence"),
                    tuple((item.number, item.question, str(item.answer), item.evidence) for item in checklist.items),
                    text=(0, 1, 2, 3),
                ),
            ),
        )
        for checklist in filled(material.facts)
    )
    lead = "Answered from the results where they can; what only the author knows is left to fill in."
    return Section("checklists", "Checklists", parts, lead)
