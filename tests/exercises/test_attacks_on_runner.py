"""Attacks on the class side, in a cell, in a call and by forged answers: each ends soon, gains nothing and harms no one."""

import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from lecture_optim.grading import pool

from . import miniature, pupils
from .attacks import ATTACKS, ENDLESS, FORGED, SPOILS, in_function
from .classes import ANSWERS, FULL_SCORES, LIMITS, cells, grade, honest, messages, notebook, scores

SLOWEST = 15.0  # seconds that any attack may cost
BRIEF = replace(LIMITS, cell_seconds=0.8, call_seconds=0.7)  # a third of a minute less of a processor, for what uses all of it


def limits_for(name):
    return BRIEF if name in ENDLESS else LIMITS


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_in_a_cell_ends_and_harms_no_one(jail, graded, name):
    started = time.monotonic()
    result = grade(notebook(cells(ANSWERS | {"q1": "step = None"}, extra=[ATTACKS[name]])), jail, limits_for(name))
    assert time.monotonic() - started < SLOWEST
    assert result.state == "graded"
    got = scores(result)
    assert got["q1"] == 0
    if name in SPOILS:
        assert all(question.state != "ungraded" for question in result.questions)
    else:
        assert got == FULL_SCORES | {"q1": 0}
    assert grade(honest(), jail) == graded


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_in_a_call_costs_its_own_question_only(jail, graded, name):
    started = time.monotonic()
    result = grade(honest(q2=in_function(ATTACKS[name])), jail, limits_for(name))
    assert time.monotonic() - started < SLOWEST
    assert result.state == "graded"
    assert scores(result) == FULL_SCORES | {"q2": 0}
    assert messages(result, "q2")
    assert grade(honest(), jail) == graded


def test_the_names_of_the_endless_are_those_of_attacks():
    assert ATTACKS.keys() >= ENDLESS


def test_a_loop_costs_its_limit_and_a_second(jail):
    for data, limit in (
        (notebook(cells(extra=[ATTACKS["loops deaf to interrupts"]])), LIMITS.cell_seconds),
        (honest(q2="def meter(losses):\n    while True: pass"), LIMITS.call_seconds),
    ):
        started = time.monotonic()
        grade(honest(), jail)
        alone = time.monotonic() - started
        started = time.monotonic()
        grade(data, jail)
        # One more honest grading's time for the cells that are run again, and a second for a busy machine.
        assert time.monotonic() - started < limit + 1.0 + 2 * alone + 1.0


def test_the_reason_of_an_end_is_told(jail):
    seen = {
        name: messages(grade(honest(q2=in_function(ATTACKS[name])), jail), "q2")
        for name in ("exits", "sleeps", "takes memory in many processes")
    }
    assert seen["exits"] == "The function ended its process."
    assert seen["sleeps"] == "The function did not return within 1 s."
    assert seen["takes memory in many processes"] in (
        "It used more than the 400 MB of memory that a submission has.", "The function did not return within 1 s.",
    )  # fmt: skip


def test_a_loop_is_waited_for_once_a_question(jail):
    result = grade(honest(q1="def step(w, g, lr):\n    while True: pass"), jail)
    assert [outcome.message for outcome in result.questions[0].outcomes] == [
        "The function did not return within 1 s.", "The function did not return within 1 s, in an earlier test.",
    ]  # fmt: skip


def test_a_flood_of_files_is_ended_before_the_time_of_its_cell(jail):
    """Empty files take memory that no limit of a process or of a file system counts."""
    result = grade(notebook(cells(extra=[ATTACKS["makes files"]])), jail, replace(LIMITS, cell_seconds=15.0))
    assert [note.text for note in result.notes] == ["it made more files than a submission may have"]
    assert scores(result) == FULL_SCORES


def test_a_notebook_that_always_ends_its_process_is_a_zero_with_a_reason(jail):
    """By a thread that a cell leaves behind, so that no cell is to blame."""
    bomb = "import threading, os, time\nthreading.Thread(target=lambda: (time.sleep(0.05), os._exit(1)), daemon=True).start()"
    result = grade(notebook(cells(extra=[bomb])), jail)
    assert result.state == "graded"
    assert all(
        q.state == "essay" or q.points == 0 or not any(o.message == "" and not o.passed for o in q.outcomes)
        for q in result.questions
    )


# ------------------------------------------------------------------------------------------------------ forged answers and frames


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_answer_gains_nothing(jail, graded, name):
    started = time.monotonic()
    result = grade(honest(q2=FORGED[name]), jail)
    assert time.monotonic() - started < SLOWEST
    assert scores(result) == FULL_SCORES | {"q2": 0}
    assert messages(result, "q2")
    assert grade(honest(), jail) == graded


def test_canaries_stay_untouched(jail, tmp_path):
    """A file of the grader's, its process, and what it may not do: after an attack with all that it could know."""
    canary = tmp_path / "canary"
    canary.write_text("alive")
    attack = f"""
import os, signal, shutil, subprocess
for path in ({str(canary)!r}, {__file__!r}, "/etc/shadow", "/root"):
    for do in (os.unlink, shutil.rmtree, lambda p: open(p, "w").write("x"), lambda p: open(p).read() and os._exit(7)):
        try: do(path)
        except BaseException: pass
for pid in ({os.getpid()}, {os.getppid()}):
    try: os.kill(pid, signal.SIGKILL)
    except BaseException: pass
"""
    result = grade(notebook(cells(extra=[attack])), jail)
    assert scores(result) == FULL_SCORES
    assert result.notes == ()
    assert canary.read_text() == "alive"
    assert Path(__file__).exists()


# -------------------------------------------------------------------------------------------------------- two submissions at once

SEEN = "raise RuntimeError(sorted(__import__('os').sched_getaffinity(0)))"
SPINS = """
import os
for k in range(60):
    try:
        if os.fork() == 0:
            os.setsid()
            while True: pass
    except OSError: pass
"""
WORKS = """
import time
def twice(x):
    end = time.process_time() + 0.4
    while time.process_time() < end: pass
    return 2 * x
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="by design: only Linux gives a process processors of its own")
def test_a_submission_that_spins_takes_no_time_of_the_one_beside_it(tmp_path):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("by design: one processor cannot be shared out")
    course = miniature.write(tmp_path / "course")
    toml = course / "course.toml"
    toml.write_text(toml.read_text().replace("call_seconds = 1.0", "call_seconds = 12.0"))  # on a busy machine
    folder = pupils.fill(
        tmp_path / "handed-in",
        {
            "honest.ipynb": pupils.submission(q1=WORKS, before=SEEN),
            "spinning.ipynb": pupils.submission(before=f"{SPINS}\nimport time\ntime.sleep(1.5)\n{SEEN}"),
        },
    )
    work = pool.Work("small", str(course), None, pupils.SEED, False, (), 100.0, preload=())
    tasks = [pool.Task(path.stem, path.stem, path) for path in sorted(folder.iterdir())]
    records = {task.id: record for task, record in pool.run(tasks, work, 2)}
    honest, spinning = ({*re.findall(r"\d+", records[id]["notes"][0]["text"])} for id in ("honest", "spinning"))
    assert honest and spinning and not honest & spinning
    assert {question["id"]: question["points"] for question in records["honest"]["questions"]} == {"q1": 3, "q2": 2, "q3": None}
