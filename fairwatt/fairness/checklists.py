"""Both checklists of a study, and the files that go beside its report: Markdown to read, JSON to keep."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from fairwatt.fairness.checklist import Answer, Checklist, Facts
from fairwatt.fairness.green_checklist import green_checklist
from fairwatt.fairness.nas_checklist import nas_checklist
from fairwatt.sealed import write_atomically

FORMAT = 1


def checklists(facts: Facts) -> tuple[Checklist, ...]:
    """The NAS and the Green AutoML checklist."""
    return nas_checklist(facts), green_checklist(facts)


def write_checklists(facts: Facts, path: Path) -> tuple[Path, Path]:
    """Write NAME-checklists.md and NAME-checklists.json, the same bytes for the same results.

    path: the report beside which they go (NAME is its stem), or a folder (NAME is the study's).
    """
    study = facts.evidence.results.study["study"]
    folder, name = (path, study) if path.is_dir() else (path.parent, path.stem)
    filled = checklists(facts)
    markdown, data = (folder / f"{name}-checklists.{suffix}" for suffix in ("md", "json"))
    write_atomically(markdown, to_markdown(study, filled).encode())
    plain = {"format": FORMAT, "study": study, "checklists": [asdict(one) for one in filled]}
    write_atomically(data, json.dumps(plain, indent=1, ensure_ascii=False).encode() + b"\n")
    return markdown, data


def to_markdown(study: str, filled: Sequence[Checklist]) -> str:
    """A page with one table for each checklist; what the author has to fill in is marked."""
    lines = [f"# Checklists of {_cell(study)}", ""]
    for one in filled:
        left = sum(item.answer is Answer.FILL_IN for item in one.items)
        lines += [f"## {one.title}", "", f"{one.source}.", "", one.note, ""]
        lines += [
            f"Answered from the results: {len(one.items) - left} of {len(one.items)}; {left} are for the author.",
            "",
        ]
        lines += ["| | question | answer | evidence |", "|---|---|---|---|"]
        for item in one.items:
            answer = f"**{item.answer}**" if item.answer in (Answer.NO, Answer.FILL_IN) else str(item.answer)
            lines.append(f"| {item.number} | {item.question} | {answer} | {_cell(item.evidence)} |")
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that stays within one cell of a table, and is no markup."""
    for mark in "\\|<>`*_[]":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
