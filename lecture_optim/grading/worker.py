"""What runs inside the jail: a parent that has imported everything once, and forks a child for each submission.

Three kinds of process, each forked from the one before:
- the *keeper*, the first process of the jail: trusted, never runs a student's code; starts, watches, kills and cleans up.
- the *session*, one a submission: gives up every privilege, then runs the cells of the notebook in one namespace.
- the *server*, one a question, forked from the session: answers `get` and `call` on a socket of its own.
All of them speak the frames of `codec.Channel`. This file, codec.py and cells.py are all of the package that is in the jail: no
test, no seed, no expected value. Everything that session and server say is a student's word, and the grader treats it so.
"""

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import linecache
import os
import random
import select
import signal
import socket
import sys
import types

if os.name == "posix":
    import resource

__all__ = ["main"]

LONGEST = 300  # characters of an error's text that cross
MOST_FILES = 20_000  # in the writable file systems of the jail, whose inodes no size limit counts
BEYOND = {"RLIMIT_NPROC": 1}  # above the limit of a submission: the server of a question, however many threads its cells left
PROCESSORS = 2  # that Python is told of, whatever the machine has: a pool of as many as it has would be beyond the limit
TICK = 0.05  # seconds between two looks at the memory of a submission
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38


def main():
    """Be the keeper. The one argument is JSON: fd, paths, preload, uids, jailed, home, shared, codec."""
    config = json.loads(sys.argv[1])
    sys.path[:0] = config["paths"]
    codec, cells = (_module(name, config[name]) for name in ("codec", "cells"))
    channel = codec.Channel(socket.socket(fileno=config["fd"]))
    try:
        _Keeper(codec, cells, channel, config).run()
    except codec.FrameError:
        os._exit(0)  # the grader is gone, and with this process the whole jail goes


def _module(name, file):
    spec = importlib.util.spec_from_file_location(name, file)
    made = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# --------------------------------------------------------------------------------------------------------------------- the keeper


class _Keeper:
    def __init__(self, codec, cells, channel, config):
        self.codec, self.cells, self.channel, self.config = codec, cells, channel, config
        self.jailed, self.uids, self.started = config["jailed"], config["uids"], 0
        self.session, self.limits, self.reason = None, None, None
        self.socket_bytes = _socket_bytes()

    def run(self):
        # The first process of a process namespace gets no signal from inside it, as long as it has no handler of its own.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        missing = []
        for name in self.config["preload"]:
            try:
                importlib.import_module(name)
            except ImportError:
                missing.append(name)
        _rehearse()
        self.cells.stand_in_for_ipython()
        self.cells.refuse_answers()
        for name in ("cpu_count", "process_cpu_count"):
            if hasattr(os, name):
                setattr(os, name, lambda: PROCESSORS)
        _prctl(PR_SET_DUMPABLE, 0)  # none of its memory, files or descriptors can be read by a process of the same user
        gc.collect()
        gc.freeze()
        trouble = self.probe()
        self.channel.send({"missing": missing, "trouble": trouble})
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        while True:
            if not select.select([self.channel.sock], [], [], TICK if self.limits else None)[0]:
                self.watch()
                continue
            request, fds = self.channel.receive(fds=1)
            self.channel.send(getattr(self, "do_" + request["do"])(request, fds))

    def probe(self):
        """Why a session could not run here, or None: tried by a child that gives its rights up and reads what it needs."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            text = ""
            try:
                self.drop(self.uids[0] if self.uids else None)
                for path in [os.__file__, sys.modules["numpy"].__file__, *self.config["paths"]]:
                    if not os.access(path, os.R_OK):
                        text = f"{path} cannot be read by an unprivileged user"
            except BaseException as error:
                text = f"{type(error).__name__}: {error}"
            os.write(write, text.encode())
            os._exit(0)
        os.close(write)
        text = os.read(read, 4096).decode()
        os.close(read)
        os.waitpid(pid, 0)
        return text or None

    def drop(self, uid):
        """Become this user, for good; None: stay who we are, who must not be root."""
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            if os.getresuid() != (uid, uid, uid) or os.getresgid() != (uid, uid, uid) or os.getgroups():
                raise PermissionError("the privileges of root were not given up")
            with contextlib.suppress(OSError):
                os.setuid(0)
                raise SystemExit("root could be had again")
        if os.geteuid() == 0:
            raise PermissionError("a student's code never runs as root")
        _prctl(PR_SET_NO_NEW_PRIVS, 1)

    # -- what the grader asks for

    def do_start(self, request, fds):
        if not self.do_finish(request, fds)["clean"]:
            os.close(fds[0])
            return {"error": "what a submission left could not be removed"}
        self.limits, self.reason = request["limits"], None
        uid = self.uids[self.started % len(self.uids)] if self.uids else None
        self.started += 1
        home = self.config["home"]
        os.makedirs(home, mode=0o700, exist_ok=True)
        if uid is not None:
            os.chown(home, uid, uid)
        try:
            pid = os.fork()
        except OSError as error:
            os.close(fds[0])
            return {"error": f"no process could be made: {error.strerror}"}
        if pid == 0:
            _never_return(lambda: self.become_session(uid, fds[0]))
        os.close(fds[0])
        self.session = pid
        return {}

    def do_sweep(self, request, fds):
        """Kill everything of the submission but its session; say why something was killed since the last time."""
        if self.jailed and self.session:
            self.spare()
        self.reap()
        reason, self.reason = self.reason, None
        return {"reason": reason}

    def do_finish(self, request, fds):
        """Kill everything, and empty what can be written to. clean: whether the jail is as before the submission."""
        self.kill()
        clean = True
        for top in (self.config["shared"] if self.jailed else []) + [self.config["home"]]:
            try:
                _empty(top)
            except OSError:
                clean = False
        return {"clean": clean and not (self.jailed and _processes()), "reason": self.reason}

    # -- watching and killing

    def watch(self):
        self.reap()
        if not self.jailed or not self.limits:
            return
        over = self.limits["memory"] - _sockets() * self.socket_bytes
        # Pages that were shared at the fork count for each process; only a sum beyond the limit is looked at more closely.
        if sum(map(_resident, _processes())) > over and sum(map(_proportional, _processes())) > over:
            self.reason = "memory"
            self.spare()
            if self.session and _proportional(self.session) > self.limits["memory"]:
                self.kill()
        for top in self.config["shared"]:
            room = os.statvfs(top)
            if room.f_files - room.f_ffree > MOST_FILES:
                self.reason = "files"
                self.kill()

    def spare(self):
        """Kill all of the submission but the session: stopped first, at once, so that nothing is born meanwhile."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGSTOP)
        for pid in _processes():
            if pid != self.session:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if self.session:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.session, signal.SIGCONT)
        self.reap()

    def kill(self):
        """Kill all of the submission and wait until it is gone."""
        if self.jailed and os.getpid() == 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)  # everything in this namespace but this process
            with contextlib.suppress(ChildProcessError):
                while True:
                    os.waitpid(-1, 0)
        elif self.session:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.session, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.session, 0)
        self.session = self.limits = None

    def reap(self):
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                if pid == self.session:
                    self.session = None

    # -- the way down

    def become_session(self, uid, fd):
        self.channel.close()
        os.setsid()
        self.drop(uid)
        _prctl(PR_SET_DUMPABLE, 1)
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        _limit(self.limits)
        os.chdir(self.config["home"])
        seed = 0  # an unseeded notebook gives the same numbers in every run, so that a report can be made again
        random.seed(seed)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed)
        _Session(self.codec, self.cells, self.codec.Channel(socket.socket(fileno=fd))).run()


def _rehearse():
    """Do once what NumPy and SymPy do when they are first used: they load more of themselves, and SymPy keeps what it finds."""
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random").default_rng(0).random()
    sympy = sys.modules.get("sympy")
    with contextlib.suppress(Exception):
        a, b = sympy.symbols("a b", nonnegative=True)
        n = sympy.Symbol("n", integer=True, positive=True)
        made = (1 - a) ** 2 * (1 - b) / (1 - a * b) + sympy.Rational(1, 2) ** (1 / n) - b**n * sympy.sqrt(a)
        made += sympy.Sum(a**n / b, (n, 1, 3)) + sympy.Max(a * b, 2) + sympy.log(b) + sympy.exp(-a / n)
        str(sympy.factor(sympy.together(sympy.expand(made))).subs(a, 2))
        sympy.factor(a * b**3 - a * b - (b**2 - 1) / b), sympy.simplify((a**2 - b**2) / (a + b))


def _limit(limits):
    """The limits of one process. A system that lacks one of them goes without it."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm") as file:
            size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        limits = limits | {"space": size + limits["memory"]}
    for name, key in (
        ("RLIMIT_CORE", "core"), ("RLIMIT_AS", "space"), ("RLIMIT_CPU", "cpu"), ("RLIMIT_FSIZE", "file"),
        ("RLIMIT_NOFILE", "open"), ("RLIMIT_NPROC", "processes"), ("RLIMIT_MEMLOCK", "locked"), ("RLIMIT_MSGQUEUE", "queued"),
    ):  # fmt: skip
        if hasattr(resource, name) and limits.get(key) is not None:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(getattr(resource, name), (limits[key], limits[key] + BEYOND.get(name, 0)))


@contextlib.contextmanager
def _room_for_a_server():
    """Meanwhile one process more than the limit, so that threads that a cell has left running cost no answer."""
    usual, most = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (usual, most))


def _prctl(option, value):
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def _resident(pid):
    """Bytes of a process in memory, whosever they are; 0 if it is gone. Quick to read, and never too little."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _proportional(pid):
    """Bytes of a process, a page shared by n processes counted as 1/n; as `_resident` where the system does not say."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return 1024 * sum(int(line.split()[1]) for line in file if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    except (OSError, ValueError, IndexError):
        return _resident(pid)


def _sockets():
    """How many sockets of this network are open, or still hold what was sent; 0 where the system does not say."""
    try:
        with open("/proc/net/sockstat") as file:
            return int(file.readline().split()[2])
    except (OSError, ValueError, IndexError):
        return 0


def _socket_bytes():
    """The most bytes of the kernel's memory in which one socket keeps what was sent and not yet read."""
    one, other = socket.socketpair()
    with one, other:
        # It may send as long as there is room, and one piece is as large as half of all.
        return one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) * 3 // 2


def _empty(top):
    """Remove everything below a folder, however deep it is: what is in a folder's folders is moved up, and each emptied there."""
    if not os.path.isdir(top):
        return
    top = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    new, moved = os.urandom(16).hex(), 0  # a name that no submission could know
    try:
        while names := _without_files(top):
            for name in names:
                place = _opened(name, top)
                try:
                    for inner in _without_files(place):
                        os.close(_opened(inner, place))  # what is not ours, or closed, cannot be moved
                        os.rename(inner, f"{new}-{moved}", src_dir_fd=place, dst_dir_fd=top)
                        moved += 1
                finally:
                    os.close(place)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _without_files(folder):
    """Remove all that is no folder from an open folder; the names of the folders in it."""
    names = []
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=folder)
    return names


def _opened(name, folder):
    """A descriptor of a folder in an open folder, made ours, so that neither mode nor sticky bit keeps us from emptying it."""
    if os.geteuid() == 0:
        os.chown(name, 0, 0, dir_fd=folder, follow_symlinks=False)
    os.chmod(name, 0o700, dir_fd=folder)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)


def _never_return(function):
    """Run a function in a forked process, which ends with it."""
    code = 1
    try:
        function()
        code = 0
    except BaseException:
        pass
    finally:
        os._exit(code)


# -------------------------------------------------------------------------------------------------------------------- the session


class _TooLong(BaseException):
    """The time of a cell or call is over. Not an Exception, so that an honest `except Exception` lets it pass."""


def _ring(signum, frame):
    raise _TooLong


class _Session:
    def __init__(self, codec, cells, channel):
        self.codec, self.cells, self.channel, self.server, self.count = codec, cells, channel, None, 0
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module  # what a class of the notebook says of its module, and pickle looks up
        self.names = module.__dict__

    def run(self):
        signal.signal(signal.SIGALRM, _ring)
        try:
            while True:
                request, fds = self.channel.receive(fds=1)
                if request["do"] == "cell":
                    self.channel.send({"cell": request["cell"]} | self.cell(request["text"], request["seconds"]))
                elif request["do"] == "question":
                    self.end()
                    self.channel.send({"question": request["question"]} | self.question(fds[0]))
                    os.close(fds[0])
                elif request["do"] == "end":
                    self.end()
        except self.codec.FrameError:
            return

    def cell(self, text, seconds):
        """Run a cell; how it ended: {} or the error, as {"error": [type, first line]} or {"late": True}."""
        self.count += 1
        name = f"<cell {self.count}>"
        try:
            with _timer(seconds):
                text = self.cells.without_magics(text)
                linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
                exec(compile(text, name, "exec", dont_inherit=True), self.names)
        except _TooLong:
            return {"late": True}
        except BaseException as error:
            return {"error": _described(error)}
        return {}

    def question(self, fd):
        state = random.getstate()
        try:
            with _room_for_a_server():
                pid = os.fork()
        except OSError as error:
            return {"error": f"no process could be made for the question: {error.strerror}"}
        if pid == 0:
            self.channel.close()
            random.setstate(state)  # Python seeds it anew, from the clock, after each fork
            _never_return(lambda: _serve(self.codec, self.codec.Channel(socket.socket(fileno=fd)), self.names))
        self.server = pid
        return {}

    def end(self):
        """End the server of the last question."""
        if self.server:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.server, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.server, 0)
            self.server = None


@contextlib.contextmanager
def _timer(seconds):
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _described(error):
    """An error as [name of its type, first line of its text], both short."""
    try:
        text = str(error)
        text = str.__str__(text).strip().partition("\n")[0]
    except BaseException:
        text = "(it has no text)"
    return [_clean(str(type(error).__name__))[:60], _clean(text)[:LONGEST]]


def _clean(text):
    return text.encode("utf-8", "replace").decode()


# --------------------------------------------------------------------------------------------------------------------- the server


def _serve(codec, channel, names):
    """Answer `get` and `call` on a channel until it ends."""
    try:
        while True:
            request = channel.receive()
            try:
                with _timer(request["seconds"]):
                    reply = _answer(codec, request, names)
            except _TooLong:
                reply = {"late": True}
            except BaseException as error:
                reply = {"error": _described(error)}
            try:
                channel.send(reply)
            except codec.EncodeError as error:
                channel.send({"bad": str(error)[:LONGEST]})
    except codec.FrameError:
        return


def _answer(codec, request, names):
    name = request["name"]
    if name not in names:
        return {"missing": True}
    answer = names[name]
    if request["do"] == "call":
        given = request["args"], request["kwargs"]
        before = codec.encode(given)
        value = answer(*request["args"], **request["kwargs"])
    elif callable(answer):
        return {"function": True}
    else:
        value = answer
    try:
        codec.encode(value)  # here, within the time limit, as printing an expression is work
    except codec.EncodeError as error:
        return {"bad": str(error)[:LONGEST]}
    if request["do"] == "call" and (place := codec.changed(answer, before, *given)):
        return {"changed": place}
    return {"value": value}


if __name__ == "__main__":
    main()
