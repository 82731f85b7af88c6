"""Processes that begin at once: forked from one that has imported what others wrote, and nothing of `lecture_optim`.

An interpreter that imports NumPy and SymPy takes a third of a second, nbgrader three times as much, and hundreds of tests need a
process of their own. What is begun here is as fresh in all that this repository wrote: its modules are found and run in the new
process, which has the environment, the folder, the arguments and the three streams that it was given, and ends as any interpreter
does.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile

__all__ = ["Parent"]

NUMBER = struct.Struct("=i")
LARGEST = 2**20  # bytes of a request


class Parent:
    """The process from which others are forked. A context manager.

    imported: the names of modules that they have from the beginning; what these import of the standard library comes along.
    environment: what is set while they are imported, besides what this process has.
    """

    def __init__(self, imported, environment):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with theirs:
            run = [sys.executable, "-P", __file__, str(theirs.fileno()), *imported]
            self.process = subprocess.Popen(run, env=own | environment, pass_fds=[theirs.fileno()])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()
        self.process.wait()

    def begin(self, run, *, cwd, env, streams):
        """Begin a process as of ``python -m module arguments``, which leads a session of its own. streams: three descriptors."""
        assert run[:2] == [sys.executable, "-m"]
        asked = json.dumps({"run": run[2:], "cwd": str(cwd), "env": env}).encode()
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.socket, [asked], [theirs.fileno(), *streams])
        return _Process(ours)

    def Popen(self, run, *, cwd, env, stdin, stdout, stderr, text, encoding, start_new_session):
        """As `subprocess.Popen`, of whose options only those are here for which `lecture_optim.check.rerun` asks."""
        assert stdin == stdout == stderr == subprocess.PIPE and text and start_new_session
        (stdin, ours), (said, stdout), (told, stderr) = (os.pipe() for _ in range(3))
        process = self.begin(run, cwd=cwd, env=env, streams=(stdin, stdout, stderr))
        for fd in (stdin, stdout, stderr):
            os.close(fd)
        process.stdin = os.fdopen(ours, "w", encoding=encoding)
        process.stdout, process.stderr = (os.fdopen(fd, encoding=encoding) for fd in (said, told))
        return process

    def run(self, run, *, cwd, env, timeout):
        """As `subprocess.run` with the output captured as text."""
        with open(os.devnull) as nothing, tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as told:
            process = self.begin(run, cwd=cwd, env=env, streams=[file.fileno() for file in (nothing, said, told)])
            if process.wait(timeout) is None:
                os.killpg(process.pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(run, timeout)
            for file in (said, told):
                file.seek(0)
            return subprocess.CompletedProcess(run, process.returncode, said.read(), told.read())


class _Process:
    """A forked process, seen from the one that asked for it."""

    def __init__(self, channel):
        self.channel, self.returncode = channel, None
        self.pid = self._number()

    def _number(self):
        said = self.channel.recv(NUMBER.size, socket.MSG_WAITALL)
        assert len(said) == NUMBER.size, "the process that forks has ended"
        return NUMBER.unpack(said)[0]

    def poll(self):
        return self.wait(0)

    def wait(self, timeout=None):
        """Its exit code; None where it has not ended within so many seconds."""
        if self.returncode is None and select.select([self.channel], [], [], timeout)[0]:
            self.returncode = os.waitstatus_to_exitcode(self._number())
            self.channel.close()
        return self.returncode


def _fork_on_request(requests):
    """Fork until nobody can ask any more: in each forked process, what is to be run there is returned."""
    ended, told = os.pipe()
    for fd in (ended, told):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(told)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    channels = {}
    while True:
        for ready in select.select([requests, ended], [], [])[0]:
            if ready is ended:
                os.read(ended, LARGEST)
                for pid in list(channels):
                    found, status = os.waitpid(pid, os.WNOHANG)
                    if found:
                        with channels.pop(pid) as channel:
                            channel.sendall(NUMBER.pack(status))
                continue
            data, fds, *_ = socket.recv_fds(requests, LARGEST, 4)
            if not data:
                os._exit(0)
            if (pid := os.fork()) == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return json.loads(data), fds[1:]
            channel = socket.socket(fileno=fds[0])
            channels[pid] = channel
            channel.sendall(NUMBER.pack(pid))
            for fd in fds[1:]:
                os.close(fd)


def _main():
    import gc
    import importlib
    import runpy

    for name in sys.argv[2:]:
        importlib.import_module(name)
    if sympy := sys.modules.get("sympy"):
        str((sympy.Symbol("x", positive=True) + 1) ** 2)  # the first sum imports more
    assert not [name for name in sys.modules if name.partition(".")[0] == "lecture_optim"]
    gc.collect()
    gc.freeze()
    asked, streams = _fork_on_request(socket.socket(fileno=int(sys.argv[1])))
    os.setsid()
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.path[:0] = [asked["cwd"], *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    module, *sys.argv[1:] = asked["run"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
