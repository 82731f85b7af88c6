"""Processes that grade, each with a jail of its own.

Each has processors of its own, and so has what runs in its jail, which cannot choose others: a submission that takes all the time
that it can get does not slow down one that is graded beside it.

They come and go with the process that leads them: a signal to it ends them in good order, its death ends them too, and each takes
its jail along. What they are told and what they say is JSON; no object crosses.
"""

import contextlib
import ctypes
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from lecture_optim.grading.jail import JailError

__all__ = ["Stop", "Task", "Work", "run"]

PATIENCE = 5.0  # seconds for a process to end in good order
MOST_FALLS = 3  # processes that end before they have begun
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Work:
    """What all submissions share. exercises, tests: folders or None. hidden: paths no jail shows. seconds: the most for one.

    preload: what their jails import (`jail.preload`), None for all that a jail may.
    """

    assignment: str
    exercises: str | None
    tests: str | None
    seed: bytes
    unjailed: bool
    hidden: tuple
    seconds: float
    preload: tuple | None = None


@dataclass(frozen=True)
class Task:
    """One submission to be graded. path: of its notebook, read only now."""

    id: str
    student: str
    path: Path


class Stop:
    """A wish to stop that a signal can set, and that whoever waits for processes sees at once."""

    def __init__(self):
        self.read, self.write = os.pipe()
        os.set_blocking(self.write, False)
        self.wished = False

    def fileno(self):
        return self.read

    def set(self, *_):
        self.wished = True
        with contextlib.suppress(OSError):
            os.write(self.write, b"!")


def run(tasks, work, jobs, stop=None):
    """Grade tasks in ``jobs`` processes; yields (task, record) as they end, a record None where its process ended twice on it.

    Ends early where ``stop``, a `Stop`, is set. Raises JailError where no jail can be had.
    """
    waiting, again, falls = list(reversed(tasks)), set(), 0
    crew = {_Hand(work, processors) for processors in _shares(min(jobs, len(tasks)))}
    try:
        while crew and not (stop and stop.wished):
            for hand in crew:
                if hand.ready and hand.task is None and waiting:
                    hand.give(waiting.pop())
            busy = [hand for hand in crew if hand.task is not None or not hand.ready]
            if not busy:
                return
            left = min((hand.deadline for hand in busy if hand.task), default=time.monotonic() + 60) - time.monotonic()
            heard = wait([hand.pipe for hand in busy] + ([stop] if stop else []), max(left, 0.0))
            if stop and stop.wished:
                return
            for hand in busy:
                task, late = hand.task, hand.task is not None and time.monotonic() > hand.deadline
                if hand.pipe in heard:
                    said = hand.hear()
                elif late:
                    said = None
                else:
                    continue
                if said is not None:
                    if task is not None:
                        yield task, said
                    continue
                # The process died, or does not end: a new one tries once more, as the reason may be another program's.
                hand.end(at_once=True)
                crew.remove(hand)
                if task is None:
                    falls += 1
                    if falls > MOST_FALLS:
                        raise JailError("the processes that grade end before they have begun; is there memory enough for them?")
                elif task.id in again or late:
                    yield task, None
                else:
                    again.add(task.id)
                    waiting.append(task)
                if waiting:
                    crew.add(_Hand(work, hand.processors))
    finally:
        for hand in crew:
            hand.ask_to_end()
        for hand in crew:
            hand.end()


def _shares(count):
    """The processors of each of so many processes: parts of what there is, or None for each where there are too few for that."""
    if not hasattr(os, "sched_getaffinity"):
        return [None] * count
    processors = sorted(os.sched_getaffinity(0))
    return [processors[k::count] for k in range(count)] if count <= len(processors) else [None] * count


class _Hand:
    """One process, seen from the one that leads. processors: those that it may use; None: all."""

    def __init__(self, work, processors=None):
        self.processors = processors
        self.pipe, theirs = multiprocessing.Pipe()
        self.seconds, self.ready, self.task, self.deadline = work.seconds, False, None, None
        # Removed by both: by the process in good order, and from here, whatever became of the process.
        self.place = tempfile.mkdtemp(prefix="grading-")
        os.chmod(self.place, 0o711)  # without a jail, an unprivileged user works in a folder below
        spawn = multiprocessing.get_context("spawn")
        self.process = spawn.Process(target=_grade_all, args=(theirs, os.getpid(), self.place, processors, work), daemon=True)
        # Ctrl-C at a terminal reaches every process of it; the one that leads tells the others. Only a main thread may say so.
        main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
        try:
            self.process.start()
        finally:
            if main:
                signal.signal(signal.SIGINT, before)
            theirs.close()

    def give(self, task):
        self.task, self.deadline = task, time.monotonic() + self.seconds
        with contextlib.suppress(OSError):  # a dead process is noticed when it is heard
            self.pipe.send_bytes(json.dumps([task.id, task.student, os.fspath(task.path)]).encode())

    def hear(self):
        """What it says: a record, or {} for "ready"; None where it has died. Raises JailError where it has no jail."""
        try:
            said = json.loads(self.pipe.recv_bytes())
        except (EOFError, OSError):
            return None
        if "trouble" in said:
            raise JailError(said["trouble"])
        self.ready, self.task = True, None
        return said

    def ask_to_end(self):
        with contextlib.suppress(OSError):
            self.process.terminate()

    def end(self, at_once=False):
        if not at_once:
            self.process.join(PATIENCE)
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()
        shutil.rmtree(self.place, ignore_errors=True)


# --------------------------------------------------------------------------------------------------------------- in the process


def _grade_all(pipe, leader, place, processors, work):
    """Grade what comes through the pipe, until it is closed. place: a folder for whatever is made meanwhile."""
    tempfile.tempdir = place
    if processors:
        with contextlib.suppress(OSError):  # a machine that gives none of them any more has others
            os.sched_setaffinity(0, processors)
    try:
        _follow(leader)
        _serve(pipe, work)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        shutil.rmtree(place, ignore_errors=True)


def _serve(pipe, work):
    from lecture_optim.grading.classroom import grade_one, open_assignment
    from lecture_optim.grading.jail import PRELOAD, Jail
    from lecture_optim.grading.runner import Limits

    def say(value):
        pipe.send_bytes(json.dumps(value).encode())

    try:
        limits, assignment = open_assignment(work.assignment, work.exercises, work.tests)
        assignment.tests()  # imports what they need once, before the first submission
        preload = PRELOAD if work.preload is None else work.preload
        with Jail(unjailed=work.unjailed, preload=preload, hidden=work.hidden) as jail:
            say({})
            while True:
                id, student, path = json.loads(pipe.recv_bytes())
                say(grade_one(path, assignment, id=id, student=student, jail=jail, seed=work.seed, limits=Limits.of(limits)))
    except JailError as error:
        say({"trouble": str(error)})
    except (EOFError, BrokenPipeError):
        pass


def _follow(leader):
    """End in good order when the leader says so, and when it is gone; hear nothing else from its terminal."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(leader,), daemon=True).start()
    if os.getppid() != leader:
        sys.exit(0)


def _leave(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left to do is not to be disturbed
    sys.exit(0)


def _watch(leader):
    while os.getppid() == leader:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)
