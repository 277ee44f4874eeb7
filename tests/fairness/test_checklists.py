"""The checklists: answered from the results, the same bytes each time, and honest about what only the author knows."""

import json
from dataclasses import replace
from pathlib import Path

from audited import BUDGET, compared, record, results, small

from fairwatt.analysis.load import Results
from fairwatt.fairness.checklist import Answer, Facts
from fairwatt.fairness.checklists import checklists, write_checklists
from fairwatt.fairness.evidence import Evidence

STUDY = results(small(), BUDGET)
STUDY = replace(STUDY, study={**STUDY.study, "study": "toys | <b>"})


def _answers(study: Results) -> dict[str, tuple[Answer, str]]:
    filled = checklists(Facts.of(Evidence(study, compared(study))))
    return {item.number: (item.answer, item.evidence) for one in filled for item in one.items}


def test_every_question_is_answered_or_left_to_the_author() -> None:
    nas, green = checklists(Facts.of(Evidence(STUDY, compared(STUDY))))
    assert (len(nas.items), len(green.items)) == (14, 15)
    assert all(item.evidence and item.question.endswith("?") for one in (nas, green) for item in one.items)
    found = _answers(STUDY)
    assert {number for number, (answer, _) in found.items() if answer is Answer.FILL_IN} == {
        *("N1", "N3", "N11", "N12"),  # N11: no verdict was priced under other rules of fidelity
        *("G4", "G6", "G7", "G8", "G13", "G14", "G15"),
    }
    assert {number for number, (answer, _) in found.items() if answer is Answer.NO} == {"N5", "N9"}  # 3 seeds


def test_answers_follow_the_results() -> None:
    runs = STUDY.runs["toy-cells"]
    without = tuple(run for run in runs if run.header.arm == "rs")
    twice = [replace(run, header=replace(run.header, arm="rs-2")) for run in without]
    found = _answers(replace(results((*runs, *twice), BUDGET), study=STUDY.study, provenance=[]))
    assert found["N5"] == (Answer.YES, "rs as rs, rs-2")
    assert (found["N14"][0], found["N11"][0]) == (Answer.NO, Answer.FILL_IN)
    several = _answers(replace(STUDY, provenance=[{}, {}]))
    assert several["N11"][0] is Answer.NO
    foreign = tuple(replace(run, header=replace(run.header, optimizer="mine")) for run in runs)
    found = _answers(replace(STUDY, runs={"toy-cells": foreign}))
    assert (found["N2"][0], found["N8"][0]) == (Answer.FILL_IN, Answer.NO)
    assert "G1" in found


def test_a_budget_of_time_is_no_budget_of_energy() -> None:
    assert "compared at the same energy of search; fairness audit: T1 pass" in _answers(STUDY)["G2"][1]
    in_time = results(record("14 full", range(2), ("rs",), policy={"currency": "time"}), BUDGET)
    answer, told = _answers(replace(in_time, study=STUDY.study | in_time.study))["G2"]
    assert (answer, "compared at the same time of search, which is not energy" in told) == (Answer.NO, True)
    assert (
        "a declared budget of time (14 full; 'full' is what a full training takes of that"
        in _answers(in_time)["G11"][1]
    )


def test_trainings_that_were_looked_up_are_those_that_were_paid() -> None:
    paid = sum(row.charge in ("new", "continue") for run in small() for row in run)
    assert paid < sum(len(run) for run in small())
    assert f"{paid:,} trainings were looked up" in _answers(STUDY)["G9"][1]


def test_files_beside_the_report_are_deterministic_and_escaped(tmp_path: Path) -> None:
    markdown, data = write_checklists(Facts.of(Evidence(STUDY, compared(STUDY))), tmp_path / "report.html")
    assert (markdown.name, data.name) == ("report-checklists.md", "report-checklists.json")
    first = markdown.read_bytes(), data.read_bytes()
    write_checklists(Facts.of(Evidence(STUDY, compared(STUDY))), tmp_path / "report.html")
    assert (markdown.read_bytes(), data.read_bytes()) == first
    text = markdown.read_text(encoding="utf-8")
    assert text.startswith("# Checklists of toys \\| \\<b\\>\n")
    assert all(line.count("|") - line.count("\\|") == 5 for line in text.splitlines() if line.startswith("| N"))
    plain = json.loads(data.read_text(encoding="utf-8"))
    assert [len(one["items"]) for one in plain["checklists"]] == [14, 15]
    named = replace(STUDY, study={**STUDY.study, "study": "toys"})
    assert [path.name for path in write_checklists(Facts.of(Evidence(named, compared(named))), tmp_path)] == [
        "toys-checklists.md",
        "toys-checklists.json",
    ]
