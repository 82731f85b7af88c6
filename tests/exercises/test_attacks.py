"""Attacks by those who know the grader: none gains, harms or hangs; each succeeds where its defence is switched off.

Every attack of `hostile.ATTACKS` is graded as a submission, in a jail that goes on to grade honest ones, and then once more in
the way of grading that its ``off`` names. It is done by a few forked processes, four at a time, as they wait most of the time;
the tests look at what they tell.
"""

import atexit
import contextlib
import csv
import hashlib
import io
import json
import os
import pickle
import re
import resource
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import types
import warnings
import weakref
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import lecture_optim
from lecture_optim.check import codec, testing
from lecture_optim.check import notebook as notebooks
from lecture_optim.check.codec import DecodeError, decode
from lecture_optim.check.expressions import equivalent, expression
from lecture_optim.derivation import Family, Index
from lecture_optim.grading import classroom, jail, report
from lecture_optim.grading.jail import Jail

from . import classes, miniature, pupils
from .classes import ANSWERS, FORMS, FULL_SCORES, PLACE, TESTS, cells, code, grade, honest, notebook, prose, scores
from .hostile import ATTACKS, BROKEN_TEXTS, BYTES, ENTRIES, TEXTS

SLOWEST = 15.0  # seconds that an attack may last
AT_ONCE = 4  # processes that grade them: most of the time they wait
PATIENCE = 90.0  # seconds until one is given up that is to succeed, its defence gone, on a busy machine
LIMITS = replace(classes.LIMITS, notebook_seconds=8.0, question_seconds=3.0)
PACKAGE = Path(lecture_optim.__file__).parent
MACHINES = PLACE if os.path.isdir(PLACE) else "/tmp"  # the machine's folder that a submission would reach without its own
PATHS = [
    __file__,
    str(PACKAGE / "check" / "testing.py"),
    str(PACKAGE.parent / "pyproject.toml"),
    "/etc/passwd",
    f"{MACHINES}/attacked-{os.getpid()}",
]
np.random.default_rng()  # loaded before anything gives up the right to read it
NAME = f"attacked-{os.getpid()}"
BY_NAME = {attack.name: attack for attack in ATTACKS}
LEFT = re.compile(r"a|\d+|trace|seen|link\d+\w+|matplotlibrc|(numpy|sitecustomize|sympy|codec)\.py")  # what attacks leave
jailed = pytest.mark.skipif(sys.platform != "linux", reason="by design: only Linux has the jail")


class Late(BaseException):
    """The time that an attack may last is over."""


# ----------------------------------------------------------------------------------------------- processes that tell one thing


def forked(tasks, seconds=600.0):
    """What each function of a dict returns, run in a process of its own: plain data for JSON; or why it told nothing."""
    waiting, running, told = list(tasks.items()), {}, {}
    end = time.monotonic() + seconds
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            name, function = waiting.pop(0)
            read, write = os.pipe()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if pid == 0:
                os.close(read)
                _tell(function, write)
            os.close(write)
            running[read] = (name, pid, [])
        ready, _, _ = select.select(list(running), [], [], max(end - time.monotonic(), 0))
        for read in ready or list(running):
            name, pid, pieces = running[read]
            piece = os.read(read, 2**16) if ready else b""
            if piece:
                pieces.append(piece)
                continue
            os.close(read)
            with contextlib.suppress(ProcessLookupError):
                if not ready:
                    os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            text = b"".join(pieces)
            told[name] = json.loads(text) if text else {"died": status}
            del running[read]
    return told


def _as_if_fresh():
    """Forget what the parent wants done at the end; what is asked for from here on is done, as in a new interpreter."""
    atexit._clear()
    weakref.finalize._registry.clear()
    weakref.finalize._registered_with_atexit = False  # its one entry in atexit has gone, too


def _tell(function, write):
    try:
        _as_if_fresh()
        text = json.dumps(function()).encode()
    except BaseException as error:
        text = json.dumps({"died": f"{type(error).__name__}: {error}"[:500]}).encode()
    while text:
        text = text[os.write(write, text) :]
    os._exit(0)


# ---------------------------------------------------------------------------------------------------------------- as it is graded


def submission(attack, victim, after=False):
    """The notebook of an attack, or the next one's, which looks for what is left."""

    def filled(text):
        return text.replace("VICTIM", repr(str(victim))).replace("NAME", repr(NAME)).replace("PATHS", repr(PATHS))

    if after:
        return notebook(cells(extra=[filled(attack.after)]))
    answers = ANSWERS | {id: filled(text) for id, text in attack.answers.items()}
    made = cells(answers, extra=[filled(attack.cell)] if attack.cell else ())
    return notebook([*made, *([code(filled(attack.last))] if attack.last else [])])


def looked_at(data, used, limits=LIMITS, seconds=SLOWEST + 1):
    """Grade a submission, not for ever; what came of it, as plain data."""
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    started = time.monotonic()
    try:
        result = grade(data, used, limits)
    except Late:
        return {"seconds": time.monotonic() - started, "state": "late", "scores": {}, "said": ""}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    said = [note.text for note in result.notes] + [outcome.message for q in result.questions for outcome in q.outcomes]
    said += [q.reason for q in result.questions]
    return {
        "seconds": time.monotonic() - started, "state": result.state, "scores": scores(result), "said": "\n".join(said)[:5000],
        "reason": result.reason,
    }  # fmt: skip


def _late(*_):
    raise Late


def descendants(pid):
    """The processes below one, as [pid, state]."""
    children = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append((int(entry.parent.name), fields[0]))
    found = []
    for child, state in children.get(pid, []):
        found += [(child, state), *descendants(child)]
    return found


def strays(used):
    """Processes of the submissions that still are: below this process, or with a user of the jail's."""
    own = [] if used.process is None else [used.process.pid]
    below = [pid for pid, _ in descendants(os.getpid())]
    keepers = [pid for pid, _ in descendants(own[0])][:1] if own else []
    users = set(used.uids or ())
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry.stat().st_uid in users:
                below.append(int(entry.name))
    return sorted(set(below) - {*own, *keepers})


def listening():
    """A socket in the machine's abstract namespace, which the student's code must not reach."""
    server = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(OSError):
        server.bind(f"\0{NAME}")
        server.listen(99)
    return server


def as_it_is(attacks, victim):
    """Grade attacks one after the other in one jail, an honest submission after each; what came of each by its name."""
    told = {}
    with listening(), Jail(preload=("numpy", "sympy")) as used:
        before = grade(honest(), used, LIMITS)
        for attack in attacks:
            seen = looked_at(submission(attack, victim), used)
            seen["strays"] = strays(used)
            seen["after"] = looked_at(submission(attack, victim, after=True), used)["said"] if attack.after else ""
            started = time.monotonic()
            seen["next"] = grade(honest(), used, LIMITS) == before
            seen["next seconds"] = time.monotonic() - started
            told[attack.name] = seen
        told["full"] = scores(before) == FULL_SCORES
    return told


# ------------------------------------------------------------------------------------------- ways of grading without a defence


def changed_worker(*changes):
    """Jails made from now on show a worker in which these texts are replaced."""
    write = jail._write_course

    def write_changed(folder):
        write(folder)
        text = (folder / "worker.py").read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        (folder / "worker.py").write_text(text)

    jail._write_course = write_changed


def changed_arguments(change):
    """Jails made from now on start with other arguments. change: a function of the list."""
    make = Jail._jailed

    def changed(self, *given):
        command, environment, cwd = make(self, *given)
        return change(list(command)), environment, cwd

    Jail._jailed = changed


def _no_filter(victim):
    jail._filter = lambda machine: struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
    return {}, LIMITS


def _network_kept(victim):
    def change(command):
        if "--unshare-all" in command:
            command.insert(command.index("--unshare-all") + 1, "--share-net")
        return [word for word in command if word != "--unshare-net"]

    changed_arguments(change)
    return {}, LIMITS


def _files_shown(victim):
    def change(command):
        at = command.index("/course", command.index("--ro-bind")) - 2  # among what is mounted, before all of it is read-only
        shown = [*jail._parents(victim, set()), "--bind", str(victim), str(victim)]
        return [*command[:at], *shown, *command[at:]]

    changed_arguments(change)
    return {}, LIMITS


def _modules_shown(victim):
    jail.MODULES = (*jail.MODULES, "rules")
    return {}, LIMITS


def _seed_told(victim):
    make = Jail._config
    Jail._config = lambda self, *given: json.dumps(json.loads(make(self, *given)) | {"seed": classes.SEED.decode()})
    return {}, LIMITS


def _environment_kept(victim):
    os.environ["A_SECRET"] = "of the grader"
    changed_arguments(lambda command: [word for word in command if word != "--clearenv"])
    return {}, LIMITS


def _descriptors_kept(victim):
    fd = os.open(victim / "secret", os.O_RDONLY)
    popen = subprocess.Popen
    jail.subprocess = types.SimpleNamespace(**vars(subprocess))
    jail.subprocess.Popen = lambda *given, pass_fds, **rest: popen(*given, pass_fds=[*pass_fds, fd], **rest)
    return {}, LIMITS


def _nothing_emptied(victim):
    changed_worker(("                _empty(top)\n", "                pass\n"))
    return {}, LIMITS


def _nothing_killed(victim):
    changed_worker(
        ("        if self.jailed and os.getpid() == 1:\n", "        if False:\n"),
        (" and not (self.jailed and _processes())", ""),
        ("        if self.jailed and self.session:\n            self.spare()\n", ""),
    )
    return {}, LIMITS


def _no_sweep(victim):
    changed_worker(("        if self.jailed and self.session:\n            self.spare()\n", ""))
    return {}, LIMITS


def _limits_lifted(victim):
    changed_worker(("MOST_FILES = 20_000", "MOST_FILES = 10**9"))
    jail.WRITABLE = jail.SHARED_MEMORY = 300 * 2**20
    many = {"memory_megabytes": 3000, "processes": 400, "open_files": 2000, "file_megabytes": 300}
    return {}, replace(LIMITS, cell_seconds=40.0, notebook_seconds=60.0, **many)


def _time_lifted(victim):
    return {}, replace(LIMITS, cell_seconds=20.0, call_seconds=20.0, question_seconds=30.0, notebook_seconds=40.0)


def _a_deadline_for_each_byte(victim):
    lengths = {}

    def wait(self, deadline):
        if deadline is not None:
            deadline = lengths.setdefault(deadline, deadline - time.monotonic())
        self.sock.settimeout(deadline)

    codec.Channel._wait = wait
    return {}, LIMITS


JAILS = {
    "no filter": _no_filter, "network kept": _network_kept, "files shown": _files_shown, "modules shown": _modules_shown,
    "seed told": _seed_told, "environment kept": _environment_kept, "descriptors kept": _descriptors_kept,
    "nothing emptied": _nothing_emptied, "nothing killed": _nothing_killed, "no sweep": _no_sweep,
    "limits lifted": _limits_lifted,
    "time lifted": _time_lifted, "a deadline for each byte": _a_deadline_for_each_byte,
}  # fmt: skip


def without(way, attacks, victim):
    """Grade attacks in a jail that lacks a defence; whether each succeeds, and what was seen."""
    _, limits = JAILS[way](victim)
    told = {}
    with listening(), Jail(preload=("numpy", "sympy")) as used:
        for attack in attacks:
            seen = looked_at(submission(attack, victim), used, limits, PATIENCE)
            then = submission(attack, victim, after=True) if attack.after else None
            after = looked_at(then, used, limits, PATIENCE)["said"] if then else ""
            told[attack.name] = {"succeeds": "Loot" in seen["said"] + after, "seen": str(seen)[:1500] + after}
    return told


def in_own_process(attack, victim):
    """Grade an attack where its code runs: cells and tests in one process, the scores its last line. Whether it gains."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            _become_harmless()
            os.dup2(write, 1)
            sys.stdout = kept = io.StringIO()
            module = _notebook_run(attack, victim)
            board = {}
            for id, (name, form) in FORMS.items():
                if form != "essay":
                    outcomes = [testing.run(test, getattr(module, name, None), np.random.default_rng(1)) for test in TESTS[id]]
                    board[id] = sum(outcome.earned for outcome in outcomes)
            os.write(1, json.dumps(board).encode())
            if kept.tell() > 4e7:
                os.write(1, b"\nfull")
            atexit._run_exitfuncs()
        finally:
            os._exit(0)
    os.close(write)
    lines = _read_all(read).decode("utf-8", "replace").strip().split("\n")
    os.waitpid(pid, 0)
    if lines[-1] == "full":
        return {"succeeds": True, "seen": "its output filled the grader"}
    try:
        board = json.loads(lines[-1])
    except ValueError:
        return {"succeeds": False, "seen": lines[-1][-300:]}
    deserved = FULL_SCORES | attack.score
    return {"succeeds": any(points > deserved[id] for id, points in board.items()), "seen": str(board)}


def by_exit_status(attack, victim):
    """Grade an attack where a test is a program that ends with 0 if it passes. Whether it gains."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _become_harmless()
            sys.stdout = io.StringIO()
            module = _notebook_run(attack, victim)
            (id,) = attack.score
            outcomes = [testing.run(test, getattr(module, FORMS[id][0], None), np.random.default_rng(1)) for test in TESTS[id]]
            status = 0 if all(outcome.passed for outcome in outcomes) else 1
        except SystemExit as leaving:
            status = leaving.code or 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    return {"succeeds": status == 0, "seen": f"status {status}"}


def by_pickle(attack, victim):
    """Grade an attack where values cross as pickles. Whether its code runs in the grader."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            _become_harmless()
            module = _notebook_run(attack, victim)
            pickle.loads(pickle.dumps(getattr(module, FORMS["q3"][0])))
        os._exit(0)
    os.waitpid(pid, 0)
    touched = victim / "touched"
    found = touched.exists()
    touched.unlink(missing_ok=True)
    return {"succeeds": found, "seen": f"touched: {found}"}


OWN = {"own process": in_own_process, "exit status": by_exit_status, "pickle": by_pickle}


def _become_harmless():
    """Limits, and a user that owns nothing, for code that runs without a jail."""
    _as_if_fresh()
    resource.setrlimit(resource.RLIMIT_CPU, (8, 8))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)


def _notebook_run(attack, victim):
    module = types.ModuleType("__main__")
    sys.modules["__main__"], sys.modules["codec"] = module, codec
    module.np = np
    cells_ = json.loads(submission(attack, victim))["cells"]
    for cell in cells_:
        if cell["cell_type"] == "code" and not cell["source"].startswith(("check(", classes.SET_UP)):
            with contextlib.suppress(Exception):
                exec(compile(cell["source"], "<cell>", "exec"), module.__dict__)
    return module


def _read_all(fd):
    pieces = []
    while piece := os.read(fd, 2**16):
        pieces.append(piece)
    os.close(fd)
    return b"".join(pieces)


# ------------------------------------------------------------------------------------------------------- what the tests look at


def state_of(*folders):
    """What stands in folders and files, by path: mode, links and a digest of the contents."""
    found = {}
    for top in folders:
        for path in sorted([Path(top), *Path(top).rglob("*")]):
            if "__pycache__" not in path.parts:
                about = path.lstat()
                data = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
                found[path] = (stat.filemode(about.st_mode), about.st_nlink, hashlib.sha256(data).hexdigest())
    return found


def changed(before, *folders):
    """The paths that are not as they were."""
    now = state_of(*folders)
    return [ascii(str(path)) for path in {**before, **now} if before.get(path) != now.get(path)]


@pytest.fixture(scope="module")
def victim():
    """A folder that everybody may write to, as the last wall must be the jail: with a secret, and with results."""
    place = Path(tempfile.mkdtemp(prefix="victim-", dir="/tmp" if PLACE == "/var/tmp" else "/var/tmp"))
    (place / "secret").write_text("secret: the seed")
    (place / "board").write_text("0 points")
    for path in (place, *place.iterdir()):
        path.chmod(0o777 if path.is_dir() else 0o666)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def told(victim, tmp_path_factory):
    """What came of every attack: as it is graded, and without its defence. And whether any canary was touched."""
    results = miniature.write(tmp_path_factory.mktemp("results"))
    canary = Path(MACHINES, NAME)
    canary.write_text("alive")
    canary.chmod(0o666)
    watched = [victim, canary, results, PACKAGE / "grading", PACKAGE / "check"]
    before, there = state_of(*watched), set(os.listdir(MACHINES))
    chosen = [attack for attack in ATTACKS if not (only := os.environ.get("ATTACK")) or only in attack.name]
    seen = forked({f"as it is {k}": lambda k=k: as_it_is(chosen[k::AT_ONCE], victim) for k in range(AT_ONCE)})
    harmed = changed(before, *watched)
    canary.unlink(missing_ok=True)
    left = [name for name in set(os.listdir(MACHINES)) - there if LEFT.fullmatch(name)]
    ways = {}
    for attack in chosen:
        if attack.off:
            ways.setdefault(attack.off, []).append(attack)
    tasks = {}
    for way, attacks in ways.items():
        if way in JAILS:
            tasks[way] = lambda way=way, attacks=attacks: without(way, attacks, victim)
        else:
            tasks[way] = lambda way=way, attacks=attacks: {attack.name: OWN[way](attack, victim) for attack in attacks}
    off = forked(dict(sorted(tasks.items(), key=lambda task: -len(ways[task[0]]))))  # the long ones first
    told = {name: found for part in seen.values() for name, found in part.items()}
    return {"as it is": told, "full": all(part.get("full") for part in seen.values()), "off": off, "harmed": harmed, "left": left}


@jailed
@pytest.mark.parametrize("name", BY_NAME)
def test_an_attack_gains_harms_and_hangs_nothing(told, name):
    attack, seen = BY_NAME[name], told["as it is"]
    assert name in seen, seen
    seen = seen[name]
    assert seen["seconds"] < SLOWEST
    assert seen["state"] == "graded", seen
    deserved = FULL_SCORES | attack.score
    if attack.exact:
        assert seen["scores"] == deserved, seen["said"]
    else:
        assert all(points is None or points <= deserved[id] for id, points in seen["scores"].items() if deserved[id] is not None)
        assert all(seen["scores"][id] is not None for id in ("q1", "q2", "q3", "q4", "q5")), seen["said"]
    assert "Loot" not in seen["said"] + seen["after"], seen["said"]
    assert seen["strays"] == []
    assert seen["next"]


@jailed
@pytest.mark.parametrize("name", [attack.name for attack in ATTACKS if attack.off])
def test_it_succeeds_where_its_defence_is_switched_off(told, name):
    way = told["off"][BY_NAME[name].off]
    assert name in way, way
    assert way[name]["succeeds"], way[name]["seen"]


def test_no_canary_was_touched(told):
    """The results, the secret, the grader's own files, and the machine's folder for temporary ones."""
    assert told["harmed"] == []
    assert told["left"] == []
    assert told["full"]


def test_why_an_attack_is_not_seen_to_succeed_is_said():
    assert [attack.name for attack in ATTACKS if not attack.off and not attack.why] == []
    assert len(BY_NAME) == len(ATTACKS) >= 60


# ------------------------------------------------------------------------------------------------------------- hostile texts


def _limited(function, seconds=3, memory=700 * 2**20):
    """Run a function in a process with limits: what it returns, or the exception's name, or "lasts" where it was ended."""

    def run():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        with open("/proc/self/statm") as file:
            size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (size + memory, size + memory))
        try:
            return function()
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:300]

    told = forked({"one": run}, seconds=30)["one"]
    return "lasts" if isinstance(told, dict) and "died" in told else told


def _read_as_mathematics(text):
    x = sp.Symbol("x", positive=True)
    return f"{str(expression(text, {'x': x}))[:60]} of {sp.count_ops(expression(text, {'x': x}))}"


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_refused_and_runs_nothing(name, victim):
    text = TEXTS[name][0].replace("VICTIM", repr(str(victim / "ran")))
    assert _limited(lambda: _read_as_mathematics(text)).startswith("Wrong: ")
    assert not (victim / "ran").exists()


@pytest.mark.parametrize("name", TEXTS)
def test_a_reader_that_evaluates_would_run_it(name, victim):
    def evaluated():
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        return str(sp.sympify(text))[:99]

    text, kind = TEXTS[name][0].replace("VICTIM", repr(str(victim / "ran"))), TEXTS[name][1]
    seen = _limited(evaluated, seconds=1)
    ran = (victim / "ran").exists()
    (victim / "ran").unlink(missing_ok=True)
    assert {"runs": ran, "grows": "262144" in seen, "lasts": seen == "lasts" or "MemoryError" in seen}[kind], seen


LONG_TEXTS = {
    "a power of a sum": "(x + y + 1)**40",
    "a power of a sum of four": "(x + y + z + 1)**16",
    "a product of sums": "*".join(f"(x + {k}*y + z)" for k in range(2, 20)),
    "a product of powers": "(x + y)**16*(y + z)**16*(x + z)**16",
    "a sum of fractions": "+".join(f"1/(x + {k}*y)" for k in range(2, 30)),
    "a fraction of fractions": "1/(" + "+".join(f"1/(x + {k}*y + z)" for k in range(2, 30)) + ")",
    "a sum in a function": "log((x + y + z + 1)**16)",
}
TRIED = {
    "a sum over a large number": "Sum(x*k, (k, 1, 10**9))",
    "a sum over a large power": "Sum(x*k, (k, 1, n**20))",
    "a sum over a tower": "Sum(x*k, (k, 1, n**n**n**n))",
    "a sum of sums": "Sum(Sum(x*k*j, (k, 1, 99)), (j, 1, 99))",
}


@pytest.mark.parametrize("name", [*LONG_TEXTS, *TRIED])
def test_what_would_be_written_out_for_ever_is_refused_at_once_with_the_mend(name):
    def read_it():
        names = {letter: sp.Symbol(letter, positive=True) for letter in "xyz"} | {
            "n": sp.Symbol("n", integer=True, positive=True)
        }
        return str(expression({**LONG_TEXTS, **TRIED}[name], names))[:60]

    told = _limited(read_it, seconds=2)
    assert told.startswith("Wrong: "), told
    assert re.search("simplify it first|no answer here needs so many|a sum begins and ends|beyond 16", told), told


@pytest.mark.parametrize("text", ["(x + y + z)**9", "(x + y)**16*(y + z)**9", "1/((x + y)**16 + (y + z)**16) + 1/(x + z)"])
def test_what_is_just_not_refused_is_judged_soon(text):
    def judge():
        names = {letter: sp.Symbol(letter, positive=True) for letter in "xyz"}
        try:
            equivalent(expression(text, names), names["x"] + 1, mistakes={"the other letter": names["y"]})
        except testing.Wrong as wrong:
            return wrong.message

    assert "differ" in _limited(judge, seconds=5)


def test_a_family_needs_its_index_and_a_power_its_bound():
    def said(text, **more):
        try:
            expression(text, names, **more)
        except testing.Wrong as wrong:
            return wrong.mistake

    names = {"a": Family("a"), "x": sp.Symbol("x", positive=True), "k": Index("k", 0)}
    for text in ("a", "a + 1", "2*a", "a**2", "sqrt(a)", "a[a]", "Sum(a, (k, 1, 3))"):
        assert said(text) == "a family without its index", text
    for text in ("x**10", "x**x", "x**(k*k)", "x**(k/2)", "x**(10*k)", "x**k**2", "2**x"):
        assert said(text, highest=9) == "a strange power", text
    for text in ("a[k]", "x**9", "x**(2*k + 1)", "x**-9", "sqrt(x)", "a[k]**2", "Sum(x**j, (j, 1, k))"):
        assert said(text, highest=9) is None, text
    assert said("x**x") is None


def test_a_broken_text_is_a_wrong_answer_and_no_fault():
    def read_all():
        told = {}
        for text in BROKEN_TEXTS:
            try:
                _read_as_mathematics(text)
            except testing.Wrong:
                pass
            except Exception as error:
                told[text[:40]] = f"{type(error).__name__}: {error}"[:200]
        return told

    assert _limited(read_all, seconds=5) == {}


# ------------------------------------------------------------------------------------------------------------- hostile bytes

NO_LIMITS = codec.Limits(bytes=2**40, depth=10**9, items=10**12, expression=10**12, bits=10**9)


@pytest.mark.parametrize("name", BYTES)
def test_hostile_bytes_are_refused_in_one_way(name):
    with pytest.raises(DecodeError):
        decode(BYTES[name][0])


@pytest.mark.parametrize("name", [name for name, (_, without) in BYTES.items() if without != "never"])
def test_a_reader_without_limits_takes_them(name):
    data, kind = BYTES[name]
    if kind == "takes":
        decode(data, NO_LIMITS)
    else:
        with pytest.raises(RecursionError):
            decode(data, NO_LIMITS)


def test_a_frame_that_announces_much_and_brings_little_ends_at_once():
    for said, deadline in ((b"\xff\xff\xff\xff", 5.0), (b"\0\0\0\x05N", 0.2), (b"\0", 0.2), (b"", 0.2)):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.send(said)
            started = time.monotonic()
            with pytest.raises(codec.FrameError):
                codec.Channel(ours).receive(started + deadline)
            assert time.monotonic() - started < 1.0


# ------------------------------------------------------------------------------------------------- what is read of a notebook


def _markers():
    return notebook([*cells(), prose("".join(f"<!--essay:q6-->{k}" for k in range(100_000)))])


HUGE = {
    "an essay of a hundred thousand markers": _markers,
    "a million cells": lambda: b'{"cells":[' + b",".join([b'{"cell_type":"code","source":"1"}'] * 10**6) + b"]}",
    "sixty megabytes of small objects": lambda: b'{"cells":[],"metadata":[' + b'{"":0},' * (60 * 2**20 // 7) + b"0]}",
    "brackets, sixty million": lambda: b"[" * (60 * 2**20),
    "a number of ten million digits": lambda: b'{"cells":[],"nbformat":' + b"9" * 10**7 + b"}",
    "more than a notebook may have": lambda: b'{"cells":[]}' + b" " * (64 * 2**20),
    "one line of sixty megabytes": lambda: notebook([code("#" + "x" * (60 * 2**20))]),
    "blanks after the beginning of a marker": lambda: notebook([code("1"), prose(("<!--" + " " * 3000) * 5000)]),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_notebook_is_read_or_refused_soon_and_in_little_memory(name):
    data = HUGE[name]()

    def read():
        try:
            return f"{len(notebooks.read(data).cells)} cells"
        except notebooks.NotebookError as error:
            return f"refused: {error}"[:200]

    started = time.monotonic()
    told = _limited(read, seconds=8, memory=2**30)
    assert re.match(r"\d+ cells|refused: ", told), told
    assert time.monotonic() - started < SLOWEST


# --------------------------------------------------------------------------------------------------- a folder of submissions

ESSAY = (
    '=HYPERLINK("http://x","y")\n<script>alert(1)</script><img src=x onerror=alert(1)>\n'
    "\x1b]0;owned\x07</div></main></body>\n<!-- -->&lt;b&gt;\n@SUM(1)"
)
LOUD = (
    "def twice(x):\n    raise type('=1+1<script>', (Exception,), {})('\\x1b[2J<script>alert(1)</script>\\n=1+1; =1+1, \"100\"')"
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _class(folder, secret):
    """Submissions by hostile names, and entries that are not what they seem; the names that this file system took."""
    right = pupils.submission()
    for name in ENTRIES.values():
        with contextlib.suppress(OSError, ValueError):
            (folder / name).write_bytes(right)
    (folder / "honest.ipynb").write_bytes(right)
    (folder / "essay.ipynb").write_bytes(pupils.submission(essay=ESSAY))
    (folder / "loud.ipynb").write_bytes(pupils.submission(q1=LOUD, before="raise type('<b>=1', (Exception,), {})('\\x1b[2J')"))
    (folder / "link.ipynb").symlink_to(secret)
    (folder / "far.ipynb").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe.ipynb")
    os.link(secret, folder / "hard.ipynb")
    (folder / "inner").mkdir()
    (folder / "inner" / "notebook.ipynb").symlink_to(folder / "honest.ipynb")
    (folder / "deep").mkdir()
    place = folder / "deep"
    for _ in range(12):
        place = place / "x"
        place.mkdir()
    (place / "a.ipynb").write_bytes(right)
    (folder / "many").mkdir()
    for k in range(2100):
        (folder / "many" / str(k)).touch()
    with zipfile.ZipFile(folder / "slip.zip", "w") as archive:
        archive.writestr("../../escaped.ipynb", right)
        archive.writestr("/tmp/escaped.ipynb", right)
    (folder / "slip").mkdir()
    shutil.copy(folder / "slip.zip", folder / "slip" / "slip.zip")
    with open(folder / "large.ipynb", "wb") as file:
        file.truncate(100 * 2**20)
    (folder / "cut.ipynb").write_bytes(right[:-40])
    (folder / "noise.ipynb").write_bytes(os.urandom(5000))
    (folder / "brackets.ipynb").write_bytes(b"[" * 10**6)
    return {submission.student: submission for submission in classroom.submissions(folder)[0]}


@pytest.fixture(scope="module")
def graded_class(tmp_path_factory):
    top = tmp_path_factory.mktemp("class")
    secret = pupils.seed_file(top)
    folder, out, exercises = top / "handed-in", top / "out", miniature.write(top / "course")
    folder.mkdir()
    handed_in = _class(folder, secret)
    before = state_of(folder, secret, exercises)
    done = pupils.command(
        "grade", folder, "--assignment", "small", "--out", out, "--seed-file", secret, "--jobs", 2, "--exercises", exercises
    )
    records = [json.loads(path.read_bytes()) for path in (out / "records").glob("*.json")]
    return {
        "top": top, "folder": folder, "out": out, "done": done, "records": {r["student"]: r for r in records},
        "handed in": handed_in,
        "harmed": changed(before, folder, secret, exercises),
    }  # fmt: skip


@jailed
def test_hostile_entries_get_what_their_notebooks_deserve(graded_class):
    records = graded_class["records"]
    assert graded_class["done"].returncode == 1, graded_class["done"].stderr  # some are ungraded
    points = {student: report.sums(record)[0] if record["state"] == "graded" else None for student, record in records.items()}
    special = {"loud": 2, "essay": 5, "honest": 5}
    ungraded = {"link", "far", "loop", "pipe", "hard", "inner", "deep", "many", "slip", "large", "cut", "noise", "brackets"}
    assert {name: points[name] for name in special} == special
    assert {name for name, value in points.items() if value is None} == ungraded
    assert all(points[name] == 5 for name in points.keys() - ungraded - {"loud"})
    assert len(points) == len(graded_class["handed in"]) >= len(ungraded) + 3 + 10


@jailed
def test_hostile_entries_harm_no_file(graded_class):
    assert graded_class["harmed"] == []
    top, out = graded_class["top"], graded_class["out"]
    assert {path.name for path in top.iterdir()} == {"class.seed", "handed-in", "out", "course"}
    ids = {submission.id for submission in graded_class["handed in"].values()}
    assert all(re.fullmatch(r"[a-z0-9-]{1,60}", id) for id in ids)
    made = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert made == {"gradebook.csv", "summary.html"} | {f"records/{id}.json" for id in ids} | {
        f"reports/{id}.{kind}" for id in ids for kind in ("html", "json")
    }
    secret = pupils.SEED
    assert not any(secret in path.read_bytes() for path in out.rglob("*") if path.is_file())


@jailed
def test_nothing_of_a_stranger_is_markup_a_formula_or_a_command_of_the_terminal(graded_class):
    out, done = graded_class["out"], graded_class["done"]
    for page in [*out.rglob("*.html")]:
        text = page.read_text("utf-8")
        assert not re.search(r"<(script|img|b|iframe|object)\b|on\w+\s*=\s*[\"']", text.partition("</style>")[2]), page
        assert text.count("</main>") == text.count("</body>") == 1
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    for text in (done.stdout, done.stderr):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), repr(text)
    sheet = graded_class["top"].parent / f"{graded_class['top'].name}-essays.csv"
    assert pupils.command("essays", out, "--to", sheet, "--exercises", graded_class["top"] / "course").returncode == 0
    for file in (out / "gradebook.csv", sheet):
        text = file.read_bytes().decode("utf-8-sig")
        for separator in ",;\t":  # a spreadsheet takes the one of its country
            cells_ = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]
            assert [cell for cell in cells_ if cell.lstrip(" ").startswith(FORMULA)] == [], (file.name, separator)


@jailed
def test_the_same_names_and_words_succeed_where_they_are_written_as_they_are(graded_class, tmp_path):
    """Pages without escapes, tables without apostrophes, files named for students, links followed, a zip unpacked by names."""
    records, folder = graded_class["records"], graded_class["folder"]
    page = "".join(f"<h1>{student}</h1>" for student in records)
    page += "".join(f"<p>{question.get('essay', '')}</p>" for record in records.values() for question in record["questions"])
    assert re.search(r"<script>", page)
    table = io.StringIO()
    csv.writer(table).writerows([record["student"]] for record in records.values())
    assert any(row and row[0].startswith(FORMULA) for row in csv.reader(io.StringIO(table.getvalue())))
    assert any(cell.startswith("=") for row in csv.reader(io.StringIO(table.getvalue()), delimiter=";") for cell in row[1:])
    assert any("\x1b" in name or "\n" in name for name in os.listdir(folder))
    reports = tmp_path / "out" / "reports"
    reports.mkdir(parents=True)
    assert not (reports / ENTRIES["the folder above"].removesuffix(".ipynb") / "x").resolve().is_relative_to(reports)
    assert (folder / "link.ipynb").read_bytes() == pupils.SEED
    with zipfile.ZipFile(folder / "slip.zip") as archive:
        assert not (reports / archive.namelist()[0]).resolve().is_relative_to(reports)
    with pytest.raises(RecursionError):
        json.loads((folder / "brackets.ipynb").read_bytes())
