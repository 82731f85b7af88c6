"""Submissions that were written by someone who has read the grader: what each wants, what stops it, what it deserves.

`ATTACKS` are notebooks of the assignment in `classes`. One that succeeds says so: it raises `Loot`, or gets points that it does
not deserve, or lasts. ``off`` names the way of grading in which it succeeds, its defence gone (`test_attacks` has these ways).
`TEXTS` are hostile expressions, `BYTES` what no worker would send, `ENTRIES` names in a folder of submissions.
"""

import struct
from dataclasses import dataclass, field
from textwrap import dedent

from lecture_optim.check.codec import encode

from .classes import ANSWERS, placed

__all__ = ["ATTACKS", "BROKEN_TEXTS", "BYTES", "ENTRIES", "TEXTS", "Attack"]

SETUP = "class Loot(Exception): pass\nimport os, sys, time, ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
SPEAK = """
codec = sys.modules['codec']
def frame(value):
    data = codec.encode(value)
    return len(data).to_bytes(4, 'big') + data
def sockets():
    found = []
    for fd in range(3, 64):
        try:
            if 'socket' in os.readlink(f'/proc/self/fd/{fd}'): found.append(fd)
        except OSError: pass
    return found
"""
WANT = """
import sys
def want():
    f = sys._getframe(1)
    while f:
        if 'want' in f.f_locals: return f.f_locals['want']
        f = f.f_back
    return 7.0
"""
BOARD = '{"q1": 3, "q2": 2, "q3": 1, "q4": 2, "q5": 2}'
NO = "def meter(losses):\n    return np.zeros(len(losses))"


@dataclass(frozen=True)
class Attack:
    """A notebook that means harm.

    wants: what it would gain or break. defence: what stops it. off: the way of grading in which it succeeds, or None; ``why``
    then says why none is tried. cell: run first; last: run after the answers; after: a cell of the next submission, which looks
    for what is left. answers: by question, in place of the honest ones. score: of the questions not worth full marks. exact:
    whether the score is just that (else it may be less: what the attack costs its own author).
    """

    name: str
    wants: str
    defence: str
    off: str | None
    why: str = ""
    cell: str = ""
    last: str = ""
    after: str = ""
    answers: dict = field(default_factory=dict)
    score: dict = field(default_factory=dict)
    exact: bool = True


def _attack(name, wants, defence, off, **rest):
    for key in ("cell", "last", "after"):
        if rest.get(key):
            rest[key] = placed(dedent(rest[key]).strip("\n"))
    rest["answers"] = {id: placed(dedent(text).strip("\n")) for id, text in rest.get("answers", {}).items()}
    return Attack(name, wants, defence, off, **rest)


def _probe(name, wants, defence, off, code, **rest):
    """An attack of one cell that costs no answer."""
    return _attack(name, wants, defence, off, cell=SETUP + dedent(code).strip("\n"), **rest)


# ------------------------------------------------------------------------------------------------------------ points not deserved

PLAIN = "values cross as plain data, through the methods of the plain types"
APART = "the tests run in another process, of which the student's code has no object"
GAIN = [
    _attack(
        "a float that reads the right number off its reader's frame", "a point for any number", PLAIN, "own process",
        answers={"q3": WANT + "class E(float):\n    __float__ = lambda self: float(want())\nhalf = E(7)"}, score={"q3": 0},
    ),
    _attack(
        "a forged class and an array made on demand",
        "points for an object that turns into the right array", PLAIN, "own process",
        answers={"q2": WANT + """
class A:
    __class__ = property(lambda self: list)
    def __array__(self, dtype=None, copy=None): return np.array(want())
    def __iter__(self): return iter(want())
def meter(losses):
    return A()
"""}, score={"q2": 0},
    ),
    _attack(
        "a dict that answers with what is asked for", "points for a subclass of dict whose methods lie", PLAIN, "own process",
        answers={"q5": WANT + """
class D(dict):
    __len__ = lambda self: len(want())
    __contains__ = lambda self, key: True
    __getitem__ = lambda self, key: want()[key]
def pair(a, b=2):
    return D() if b == 2 else {'both': (a, [b])}
"""}, score={"q5": 1},
    ),
    _attack(
        "a text that is never unequal", "points for any text", PLAIN, "own process",
        answers={"q4": "class E(str):\n    __ne__ = lambda *a: False\nbound = E('no')"}, score={"q4": 0},
    ),
    _attack(
        "a module that makes its names when asked", "an answer that is made while a test looks",
        "names are looked up in the dict",
        "own process", last=WANT + """
import types
class E(float):
    __float__ = lambda self: float(want())
class M(types.ModuleType):
    __getattr__ = lambda self, name: E(7)
sys.modules['__main__'].__class__ = M
""", answers={"q3": "pass"}, score={"q3": 0},
    ),
    _attack(
        "numpy's comparison replaced", "points for zeros", APART, "own process",
        answers={"q2": "np.isclose = lambda a, b, **k: np.ones(np.shape(a), bool)\n" + NO}, score={"q2": 0},
    ),
    _attack(
        "the tests' own module patched", "points for zeros", "the package that tests is not in the jail", "own process",
        answers={"q2": "import lecture_optim.check.testing as t\nt._difference = lambda *a: None\n" + NO}, score={"q2": 0},
    ),
    _attack(
        "the frames of the callers", "to patch what a caller compares with", APART, "own process", answers={"q2": """
import sys
def meter(losses):
    f = sys._getframe(1)
    while f:
        if 'close' in f.f_globals: f.f_globals['close'].__globals__['_difference'] = lambda *a: None
        f = f.f_back
    return 0
"""}, score={"q2": 0},
    ),
    _attack(
        "the collector's list of objects", "to change the code of the comparison", APART, "own process", answers={"q2": """
import gc, types
def meter(losses):
    for o in gc.get_objects():
        if type(o) is types.FunctionType and o.__name__ == 'close' and 'testing' in str(o.__module__):
            o.__code__ = (lambda *a, **k: None).__code__
    return 0
"""}, score={"q2": 0},
    ),
    _attack(
        "a trace that swaps the arguments", "points for zeros", APART, "own process", answers={"q2": """
import sys
def trace(frame, event, arg):
    if frame.f_code.co_name == '_difference': frame.f_locals['got'] = frame.f_locals['want']
def meter(losses):
    sys.settrace(trace)
    return np.zeros(len(losses))
"""}, score={"q2": 0},
    ),
    _attack(
        "a profile that patches the comparison", "points for zeros", APART, "own process", answers={"q2": """
import sys
def profile(frame, event, arg):
    if frame.f_code.co_name == 'close': frame.f_globals['_difference'] = lambda *a: None
def meter(losses):
    sys.setprofile(profile)
    return np.zeros(len(losses))
"""}, score={"q2": 0},
    ),
    _attack(
        "builtins replaced", "no difference is ever the next one", APART, "own process",
        last="import builtins\nbuiltins.next = lambda *a: None",
        answers={"q5": "def pair(a, b=2):\n    return {'sum': 0, 'both': (0, [0])}"}, score={"q5": 0}, exact=False,
    ),
    _attack(
        "json replaced", "a score board of its own", "scores are made and written by another process", "own process",
        cell=f"import json\njson.dumps = lambda *a, **k: '{BOARD}'", answers={"q2": NO}, score={"q2": 0},
    ),
    _attack(
        "struct and socket replaced", "frames of its own for all that is sent", "what a worker says is only ever an answer", None,
        why="there is no way of grading in which it would gain: it breaks its own speech",
        last="import struct, socket\nstruct.Struct = struct.pack = socket.socket.send = lambda *a: 10**6", answers={"q2": NO},
        score={"q2": 0}, exact=False,
    ),
    _attack(
        "a board written at exit", "a score board of its own, after the true one", "scores are read from another process",
        "own process",
        cell=f"import atexit, os\natexit.register(lambda: os.write(1, b'\\n{BOARD}\\n'))", answers={"q2": NO}, score={"q2": 0},
    ),
    _attack(
        "a board written when the last object dies", "a score board of its own", "scores are read from another process",
        "own process",
        cell=f"import weakref, os\nclass T: pass\nt = os.kept = T()\nweakref.finalize(t, lambda: os.write(1, b'\\n{BOARD}\\n'))",
        answers={"q2": NO}, score={"q2": 0},
    ),
    _attack(
        "it leaves in the middle of a test", "an end that counts as success", "only an outcome that a test came to counts",
        "exit status",
        answers={"q2": "import os\ndef meter(losses):\n    os._exit(0)"}, score={"q2": 0},
    ),
    _attack(
        "a signal handler that leaves", "an end that counts as success", "only an outcome that a test came to counts",
        "exit status",
        answers={"q2": """
import signal, os, time
def meter(losses):
    signal.signal(signal.SIGALRM, lambda *a: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.pause()
"""}, score={"q2": 0},
    ),
    _attack(
        "a thread that leaves", "an end that counts as success", "only an outcome that a test came to counts", "exit status",
        answers={"q2": """
import threading, os, time
def meter(losses):
    thread = threading.Thread(target=os._exit, args=(0,))
    thread.start()
    thread.join()
"""}, score={"q2": 0},
    ),
    _attack(
        "a callback of the collector that leaves", "an end that counts as success", "only an outcome that a test came to counts",
        "exit status", answers={"q2": """
import gc, os
def meter(losses):
    gc.callbacks.append(lambda *a: os._exit(0))
    gc.collect()
"""}, score={"q2": 0},
    ),
    _attack(
        "an import hook for the tests' module", "a failure that is an exit", "the tests import nothing in the jail",
        "exit status",
        cell="""
        import sys, types
        class Hook:
            def find_spec(self, name, path=None, target=None):
                if name == 'lecture_optim.check.testing':
                    from importlib.machinery import ModuleSpec
                    return ModuleSpec(name, self)
            def create_module(self, spec): return None
            def exec_module(self, module): module.Wrong = lambda *a: SystemExit(0)
        sys.meta_path.insert(0, Hook())
        sys.modules.pop('lecture_optim.check.testing', None)
        """, answers={"q4": "bound = 'no'"}, score={"q4": 0},
    ),
    _attack(
        "an object that is code when it is read", "to run in the grader's process", "nothing is ever unpickled",
        "pickle", answers={"q3": """
class P:
    def __reduce__(self): return (exec, ("open(VICTIM + '/touched', 'w').close()",))
half = P()
"""}, score={"q3": 0},
    ),
    _attack(
        "a forged outcome in place of a value", "points by the words of a test",
        "a worker's word is an answer, never an outcome", "own process",
        answers={"q2": SETUP + SPEAK + f"""
forged = {{'title': 'regret', 'points': 2, 'passed': True, 'visible': True, 'message': '', 'mistake': None, 'fault': None}}
def meter(losses):
    for fd in sockets(): os.write(fd, frame(forged) * 2)
    import atexit
    atexit.register(lambda: os.write(1, b'\\n{BOARD}\\n'))
    return 0
"""}, score={"q2": 0},
    ),
    _attack(
        "cells and questions answered before they are asked", "to be out of step with the grader",
        "each frame names its cell or question",
        None, why="what it says is a student's word in any way of grading; it can but be out of step",
        cell=SETUP + SPEAK + "for fd in sockets():\n    os.write(fd, b''.join(frame({'cell': k}) for k in range(1, 20)))\n"
        "    os.write(fd, b''.join(frame({'question': f'q{k}'}) for k in range(1, 7)))",
        answers={"q2": NO}, score={"q2": 0}, exact=False,
    ),
    _attack(
        "values sent before they are asked for", "one try for each guess",
        "a question's socket is its own, and a test fails once", None,
        why="a guess is an answer; the first one that is wrong ends the test", answers={"q3": SETUP + SPEAK + """
class G(float):
    pass
half = None
import threading
def guess():
    for fd in sockets():
        try: os.write(fd, b''.join(frame({'value': k / 7}) for k in range(99)))
        except OSError: pass
os.register_at_fork(after_in_child=guess)
"""}, score={"q3": 0}, exact=False,
    ),
    _attack(
        "a process that waits to answer for a question", "to serve a question from outside its process",
        "all but the session is killed before the first question, and after each", "no sweep", last=SETUP + SPEAK + """
read, write = os.pipe()
if os.fork() == 0:
    import socket
    ours = socket.socket(fileno=sockets()[0])
    os.kill(os.getppid(), 19)
    ours.send(frame({'cell': 11}))
    while True:
        data, fds, _, _ = socket.recv_fds(ours, 2**16, 1)
        if not data: os._exit(0)
        if fds:
            ours.send(frame({'question': codec.decode(data[4:])['question']}))
            served = socket.socket(fileno=fds[0])
            while served.recv(2**16): served.send(frame({'error': ['Loot', 'by another process']}))
os.close(write)
os.read(read, 1)  # until the other one has ended
""", exact=False,
    ),
    _attack(
        "other answers at the second call", "a pass for the tests that come first", "each test's points are its own", None,
        why="nothing is gained: the first test's points are for the first answer", answers={"q5": """
calls = []
def pair(a, b=2):
    calls.append(a)
    return {'sum': a + b, 'both': (a, [b])} if len(calls) == 1 else {'sum': 0, 'both': 0}
"""}, score={"q5": 1},
    ),
    _attack(
        "what was asked, replayed", "to answer a test by what another one was told",
        "no test tells the right answer in its call", None,
        why="to learn the inputs is allowed: whoever computes the answer from them has answered", answers={"q1": """
seen = []
def step(w, g, lr):
    seen.append((w, g, lr))
    return seen[0][0]
"""}, score={"q1": 0},
    ),
    _attack(
        "what was asked, told to the next question", "to carry inputs from one question to another by files and pipes",
        "each question has numbers of its own", None, why="inputs are no secret; expected values never cross",
        cell="import os\nr, w = os.pipe()\nos.set_blocking(r, False)", answers={
            "q1": "def step(w_, g, lr):\n    os.write(w, bytes(w_))\n    open('/tmp/seen', 'wb').write(bytes(g))\n"
            "    return w_ - lr * g",
            "q2": "def meter(losses):\n    return np.frombuffer(open('/tmp/seen', 'rb').read(8 * len(losses)))",
        }, score={"q2": 0},
    ),
]  # fmt: skip

# ----------------------------------------------------------------------------------------------------- what it may not reach

FILTER = "the filter of system calls"
REACH = [
    _probe("a socket to the network", "to talk to the world", FILTER + " and a network of its own", "no filter",
           "import socket\ntry: socket.socket(socket.AF_INET)\nexcept OSError: pass\nelse: raise Loot"),
    _probe("a pair of sockets of a rare family",
           "to reach old code of the kernel, or have it load a module", FILTER, "no filter", """
           pair = (ctypes.c_int * 2)()
           libc.socketpair(2, 1, 0, pair)
           if ctypes.get_errno() != 1: raise Loot(str(ctypes.get_errno()))
           """),
    _probe("requests without end to the disk", "to use up a number that the whole machine shares", FILTER, "no filter", """
           context = ctypes.c_ulong(0)
           if libc.syscall(206 if os.uname().machine == 'x86_64' else 0, 8, ctypes.byref(context)) == 0: raise Loot
           """),
    _probe("a file in memory", "memory that no file system counts", FILTER, "no filter",
           "try: os.memfd_create('m')\nexcept OSError: pass\nelse: raise Loot"),
    _probe("memory of System V", "to leave a message for the next submission", FILTER, "no filter",
           "libc.shmget(77, 4096, 0o1666)", after=SETUP + "if libc.shmget(77, 4096, 0o666) != -1: raise Loot"),
    _probe("a user namespace and a mount", "rights over a world of its own", FILTER, "no filter", """
           pid = os.fork()
           if pid == 0:
               os._exit(0 if libc.unshare(0x10020000) == 0 else 1)
           if os.waitpid(pid, 0)[1] == 0: raise Loot
           """),
    _probe("a namespace made by clone", "rights over a world of its own", FILTER, "no filter", """
           pid = libc.syscall(56 if os.uname().machine == 'x86_64' else 220, 0x10000000 | 17, 0, 0, 0, 0)
           if pid == 0: os._exit(0)
           if pid > 0: raise Loot
           """),
    _probe("ptrace of a child", "to stop and change other processes", FILTER, "no filter", """
           pid = os.fork()
           if pid == 0: os._exit(0 if libc.ptrace(0, 0, 0, 0) == 0 else 1)
           if os.waitpid(pid, 0)[1] == 0: raise Loot
           """),
    _probe("another process's memory", "to read what another process holds", FILTER, "no filter", """
           class V(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
           a, b = ctypes.create_string_buffer(b'secret'), ctypes.create_string_buffer(6)
           x, y = V(ctypes.addressof(b), 6), V(ctypes.addressof(a), 6)
           if libc.process_vm_readv(os.getpid(), ctypes.byref(x), 1, ctypes.byref(y), 1, 0) == 6: raise Loot
           """),
    _probe("the kernel's key rings", "to leave a message for the next submission", FILTER, "no filter", """
           number = 248 if os.uname().machine == 'x86_64' else 217
           if libc.syscall(number, b'user', b'n', b'x', 1, -2) > 0: raise Loot
           """),
    _probe("the limits of another process", "to take the time of a process that counts", FILTER, "no filter", """
           import resource
           pid = os.fork()
           if pid == 0: time.sleep(300)
           try: resource.prlimit(pid, resource.RLIMIT_NOFILE, (9, 9))
           except OSError: pass
           else: raise Loot
           finally: os.kill(pid, 9)
           """),
    _probe("the processor of its choice", "to slow down what runs on another one", FILTER, "no filter",
           "try: os.sched_setaffinity(0, os.sched_getaffinity(0))\nexcept OSError: pass\nelse: raise Loot"),
    _probe("a program that runs as another user", "the rights of a setuid program",
           "mounts without setuid, and no new privileges", None,
           why="without them it would be root on this machine", code="""
           import stat
           found = []
           for top in ('/usr/lib', '/bin', '/usr/bin', '/lib'):
               for place, _, names in os.walk(top):
                   found += [p for n in names if os.path.exists(p := f'{place}/{n}') and os.stat(p).st_mode & stat.S_ISUID]
                   if time.process_time() > 30: break
           with open('/proc/self/mounts') as mounts:
               bad = [l for l in mounts if 'nosuid' not in l and l.split()[1] not in ('/',)]
           if 'NoNewPrivs:\\t1' not in open('/proc/self/status').read() or (found and bad): raise Loot(str(found)[:99])
           """),
    _probe("the abstract sockets of the machine", "to reach a service that listens", "a network of its own", "network kept", """
           import socket
           s = socket.socket(socket.AF_UNIX)
           try: s.connect('\\0' + NAME)
           except OSError: pass
           else: raise Loot
           """),
    _probe("files of the grader, read", "the seed, the tests, other submissions", "they are not mounted", "files shown", """
           for path in PATHS + [VICTIM + '/secret']:
               try: open(path).read()
               except OSError: pass
               else: raise Loot(path)
           """),
    _probe("files of the grader, changed", "to change results", "they are not mounted", "files shown", """
           import shutil
           for path in [VICTIM + '/board', *PATHS]:
               try: open(path, 'r+').write('100 points')
               except OSError: pass
               else: raise Loot(path)
           """),
    _probe("links to files of the grader", "to change a file through a link that the grader follows",
           "they are not mounted; what is left is removed unfollowed",
           "files shown", """
           for k, path in enumerate([VICTIM + '/board', *PATHS]):
               for do in (os.link, os.symlink):
                   try: do(path, f'/tmp/link{k}{do.__name__}'); open(f'/tmp/link{k}{do.__name__}').read()
                   except OSError: pass
                   else: raise Loot(path)
           """),
    _probe("the rules of the book", "to answer a question by the rule that it asks for",
           "modules that hold answers are not in the jail",
           "modules shown", "import importlib.util as u\nif u.find_spec('lecture_optim.rules'): raise Loot"),
    _probe("the seed in arguments and memory", "the numbers of the tests", "no seed crosses", "seed told", """
           import re
           sought = re.compile(b'[t]he seed of this clas[s]')  # which does not find itself
           for pid in filter(str.isdigit, os.listdir('/proc')):
               for name in ('cmdline', 'environ'):
                   try: data = open(f'/proc/{pid}/{name}', 'rb').read()
                   except OSError: continue
                   if sought.search(data): raise Loot(name)
           for line in open('/proc/self/maps'):
               a, b = (int(x, 16) for x in line.split()[0].split('-'))
               if ' rw' in line and b - a < 2**26 and '[v' not in line:
                   try:
                       with open('/proc/self/mem', 'rb', 0) as memory:
                           memory.seek(a); data = memory.read(b - a)
                   except (OSError, ValueError): continue
                   if sought.search(data): raise Loot('memory')
           """),
    _probe("the environment of the grader", "its secrets", "an empty environment", "environment kept",
           "if 'A_SECRET' in os.environ: raise Loot"),
    _probe("descriptors that were left open", "files of the grader", "no descriptor is inherited", "descriptors kept", """
           for fd in range(3, 200):
               try: data = os.pread(fd, 99, 0)
               except OSError: continue
               if b'secret' in data: raise Loot
           """),
    _probe("the first process of the jail", "its memory, descriptors and channel",
           "it has another user, and cannot be looked into", None,
           why="two walls stand there: the user and the mark of the process; each alone holds", code="""
           for name in ('mem', 'environ', 'maps', 'fd', 'root/etc', 'cwd/.', 'map_files'):
               path = f'/proc/1/{name}'
               try: os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1)
               except OSError: continue
               raise Loot(path)
           fd = os.pidfd_open(1)
           for n in range(10):
               if libc.syscall(438, fd, n, 0) >= 0: raise Loot('a descriptor of it')
           """),
    _probe("every signal to every process", "to end the grader or the jail", "a process space of its own", None,
           why="with the machine's processes in sight it would signal what is not ours", exact=False, code="""
           for pid in (1, *range(2, 9), -1):
               for s in range(1, 65):
                   if pid in (os.getpid(), -1) and s in (9, 19): continue
                   try: os.kill(pid, s)
                   except OSError: pass
           """),
    _probe("files named like modules", "code that runs in the next submission", "what can be written to is emptied",
           "nothing emptied", """
           for top in ('.', '/tmp', '/dev/shm'):
               for name in ('numpy.py', 'sitecustomize.py', 'sympy.py', 'codec.py', 'matplotlibrc'):
                   open(f'{top}/{name}', 'w').write('raise SystemExit')
                   os.chmod(f'{top}/{name}', 0o777)
           """, after=SETUP + "if any(os.path.exists(f'{t}/numpy.py') for t in ('.', '/tmp', '/dev/shm')): raise Loot"),
    _probe("a process that waits for the next submission", "to read or spoil another's work", "everything is killed",
           "nothing killed", """
           if os.fork() == 0:
               os.setsid()
               import signal
               signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
               time.sleep(300)
               os._exit(0)
           """, after=SETUP + "if len([p for p in os.listdir('/proc') if p.isdigit()]) > 2: raise Loot"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------ what it may not use up

TAKE = "x = b'x' * (90 * 2**20)"
USE = [
    _probe("ninety processes", "to fill the table of processes", "a limit for the user", "limits lifted", """
           pids = []
           try:
               for k in range(90):
                   pid = os.fork()
                   if pid == 0: time.sleep(300); os._exit(0)
                   pids.append(pid)
           except OSError: pass
           else: raise Loot
           finally:
               for pid in pids: os.kill(pid, 9); os.waitpid(pid, 0)
           """),
    _probe("ninety threads", "to fill the table of processes", "a limit for the user", "limits lifted", """
           import threading
           event = threading.Event()
           try:
               for k in range(90): threading.Thread(target=event.wait, daemon=True).start()
           except RuntimeError: pass
           else: raise Loot
           finally: event.set()
           """),
    _probe("memory in one process", "to have the machine kill others", "a limit on addresses", "limits lifted",
           "try: x = b'x' * (700 * 2**20)\nexcept MemoryError: pass\nelse: raise Loot"),
    _probe("memory in many processes", "to have the machine kill others", "the first process counts and kills",
           "limits lifted", f"""
           pids = [os.fork() for k in range(1)]
           if pids[0] == 0:
               read, write = os.pipe()
               for k in range(6):
                   if os.fork() == 0:
                       {TAKE}
                       os.write(write, b'x'); time.sleep(300); os._exit(0)
               n = 0
               while n < 6: n += len(os.read(read, 6))
               os._exit(7)
           if os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]) == 7: raise Loot
           """),
    _probe("memory that is shared and mapped", "memory that is not counted as a process's own",
           "the first process counts and kills",
           "limits lifted", """
           import mmap
           pid = os.fork()
           if pid == 0:
               read, write = os.pipe()
               for k in range(2):  # few, lest what they have of their parent is counted and gives them away
                   if os.fork() == 0:
                       m = mmap.mmap(-1, 350 * 2**20)
                       for i in range(350): m.write(b'x' * 2**20)
                       os.write(write, b'x'); time.sleep(300); os._exit(0)
               n = 0
               while n < 2: n += len(os.read(read, 6))
               time.sleep(0.3)  # the watch has looked more than once
               os._exit(7)
           if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7: raise Loot
           """),
    _attack("memory after the session has ended", "a watch that has nothing to watch",
            "the watch goes on until all is killed", "limits lifted",
            last=SETUP + SPEAK + f"""
cell = 11
if os.fork() == 0:
    os.kill(os.getppid(), 9)
    read, write = os.pipe()
    for k in range(6):
        if os.fork() == 0:
            {TAKE}
            os.write(write, b'x'); time.sleep(300); os._exit(0)
    n = 0
    while n < 6: n += len(os.read(read, 6))
    time.sleep(0.2)
    os.write(sockets()[0], frame({{'cell': cell, 'error': ['Loot', '']}}))
    os.killpg(0, 9)
time.sleep(300)
"""),
    _probe("a full disk", "to fill the machine's memory by files", "small file systems", "limits lifted", """
           n = 0
           try:
               for top in ('/tmp', '/dev/shm'):
                   for k in range(4):
                       with open(f'{top}/{k}', 'wb') as f:
                           for i in range(30): n += f.write(bytes(2**20)); f.flush()
           except OSError: pass
           if n > 100 * 2**20: raise Loot(str(n))
           """),
    _probe("thirty thousand files", "memory for names, which no size counts", "the first process counts them and kills",
           "limits lifted", """
           for k in range(30_000): os.close(os.open(f'/tmp/{k}', os.O_CREAT | os.O_WRONLY))
           time.sleep(0.2)
           raise Loot
           """),
    _probe("a thousand descriptors", "to use up what the machine can open", "a limit of the process", "limits lifted",
           "try: x = [os.dup(2) for k in range(1000)]\nexcept OSError: pass\nelse: raise Loot\nfinally: os.closerange(20, 1100)"),
    _probe("the buffers of sockets", "memory of the kernel, which no limit of a process counts",
           "few descriptors of a bounded size, and a watch on them", "limits lifted", """
           import socket
           pid = os.fork()
           if pid == 0:
               read, write = os.pipe()
               for j in range(4):
                   if os.fork() == 0:
                       n, keep = 0, []
                       try:
                           while n < 50 * 2**20:
                               keep += socket.socketpair()
                               for s in keep[-2:]:
                                   s.setblocking(False)
                                   try: s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10**7)
                                   except OSError: pass
                                   try:
                                       while True: n += s.send(b'x' * 32768)
                                   except BlockingIOError: pass
                               keep.pop(-2).close()  # what it sent is there as long as nobody reads it
                       except OSError: pass
                       os.write(write, b'y' if n >= 50 * 2**20 else b'n')
                       time.sleep(300)
               said = b''
               while len(said) < 4: said += os.read(read, 4)
               time.sleep(0.5)  # the watch has looked more than once
               os._exit(7 if said == b'yyyy' else 0)
           if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7: raise Loot
           """),
    _attack("a call that does not end", "the grader's time", "a deadline from outside", "time lifted", answers={"q2": SETUP + """
def meter(losses):
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        try: sum(range(10**6))
        except BaseException: pass
    raise Loot
"""}, score={"q2": 0}),
    _probe("a cell that is deaf to every alarm", "the grader's time", "a deadline from outside", "time lifted", """
           import signal
           signal.setitimer(signal.ITIMER_REAL, 0)
           signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
           time.sleep(3.0)
           raise Loot
           """),
    _attack("a reply in drops", "a deadline that starts anew with each byte", "a deadline for the whole frame",
            "a deadline for each byte",
            answers={"q2": SETUP + SPEAK + """
def meter(losses):
    import signal
    signal.setitimer(signal.ITIMER_REAL, 0)
    data = frame({'error': ['Loot', 'x' * 12]})
    for k in range(len(data)):
        for fd in sockets()[-1:]: os.write(fd, data[k:k + 1])
        time.sleep(0.1)
    while True: time.sleep(1)
"""}, score={"q2": 0}),
    _probe("output without end", "the grader's memory", "output goes nowhere", "own process", """
           import os
           for k in range(60): print('x' * 10**6)
           """),
    _attack("a session that says it is done and sleeps", "the wait for each question, again and again",
            "a session that is late is given up", None,
            why="it would be seen by its length alone, of minutes", last=SETUP + SPEAK + """
import signal
signal.setitimer(signal.ITIMER_REAL, 0)
os.write(sockets()[0], frame({'cell': 11}))
while True: time.sleep(1)
""", exact=False),
    _attack("a fork that takes nine seconds", "the wait for each question, again and again",
            "the waits of a submission have one sum", None,
            why="it would be seen by its length alone, of minutes", exact=False,
            last="import os, time\nfork = os.fork\nos.fork = lambda: (time.sleep(9), fork())[1]"),
    _attack("nine ends, each in a folder too deep to empty", "a new jail for each",
            "folders of any depth are emptied, or few jails are made",
            None, why="it would be seen by its length alone", exact=False, cell="""
import os
for k in range(3000):
    os.mkdir('a')
    os.chdir('a')
os._exit(0)
""", answers=dict.fromkeys(ANSWERS, "import os\nfor k in range(3000):\n    os.mkdir('a')\n    os.chdir('a')\nos._exit(0)")),
    _attack("a fault handler that ends the process later", "to end a cell that is not to blame",
            "the cell that ran is left out, no more",
            None, why="it harms its own notebook only", exact=False, cell="""
import faulthandler
faulthandler.dump_traceback_later(0.3, exit=True, file=open('/tmp/trace', 'w'))
"""),
    _attack("a list of one long text and many short ones", "an array of terabytes in the tester", "text is no number", None,
            why="it is the size that matters: nothing could hold it", answers={
                "q2": "def meter(losses):\n    return ['x' * 10**7] + [''] * 10**5"}, score={"q2": 0}),
    _attack("a hundred thousand small arrays", "a message that takes the tester's time to write", "what is shown is short", None,
            why="it is the tester's own limit that would end it", answers={
                "q2": "def meter(losses):\n    return {str(k): np.zeros(1) for k in range(90_000)}"}, score={"q2": 0}),
]  # fmt: skip

ATTACKS = [*GAIN, *REACH, *USE]

# ------------------------------------------------------------------------------------------------------------------ hostile texts

# name: (text of an expression, what it does to a reader that evaluates it: it "runs" code, "lasts", or "grows": its powers do).
TEXTS = {
    "a call of the system": ("__import__('os').system('touch ' + VICTIM)", "runs"),
    "a file that is opened": ("open(VICTIM, 'w')", "runs"),
    "the module behind a function": ("print.__self__.open(VICTIM, 'w')", "runs"),
    "an attribute by its name": ("getattr(print.__self__, 'open')(VICTIM, 'w')", "runs"),
    "a text that is evaluated": ("eval(\"open(VICTIM, 'w')\")", "runs"),
    "a number of ten thousand million digits": ("10**10**10", "lasts"),
    "a tower": ("9**9**9**9", "lasts"),
    "a factorial": ("factorial(10**8)", "lasts"),
    "a power of a power of a product": ("(x*(x*(1 + x)**64)**64)**64", "grows"),
    "a number hidden in a product": ("((((3*x)**64)**64)**64)**64", "lasts"),
    "a list of ten thousand million numbers": ("sum([1]*10**10)", "lasts"),
    "a power by another name": ("pow(7, 10**9)", "lasts"),
}
BROKEN_TEXTS = [
    "(" * 3000, "-" * 3900 + "1", "x" * 4001, "1/0", "zoo", "nan", "x if x else x", "x := 1", "f'{x}'", "x;x", "9" * 3999,
    "0x" + "f" * 3000, "1e999", "1e-999", "x[0]", "x.args", "x @ x", "'x'", "b'x'", "...", "None", "\0", "\ud800", "x\n+",
    "Sum(x)", "Sum(x, 3)", "Sum(x, (x, 1, 2), 4)", "Max()", "sqrt()", "sqrt(*x)", "exp(x=1)", "log(0)", "Rational(1, 0)",
    "0**(-1)", "x**(10**30)", "exp(10**30)", "tanh(exp(60))", "Sum(1, (k, 1, 10**30))", "((x**64)**64)**64",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------------------------- hostile bytes


def _nested(depth):
    return b"l\0\0\0\1" * depth + b"N"


# name: (bytes of a value, whether a reader without limits takes them).
BYTES = {
    "a list in a list, a hundred thousand deep": (_nested(100_000), "breaks"),
    "a million values": (b"l" + struct.pack(">I", 10**6) + b"N" * 10**6, "takes"),
    "an integer of two thousand bits": (b"i\xff" + b"\x7f" + b"\xff" * 254, "takes"),
    "a text longer than all that may cross": (b"s" + struct.pack(">I", 2**24 + 1) + b"x" * (2**24 + 1), "takes"),
    "an expression of a million characters": (b"x" + struct.pack(">I", 10**6) + b"x" * 10**6, "takes"),
    "a list that announces more than there is": (b"l\xff\xff\xff\xffN", "never"),
    "a dict that announces more than there is": (b"d\xff\xff\xff\xff", "never"),
    "an array that announces more than there is": (b"ad\1" + struct.pack(">Q", 2**61), "never"),
    "an array whose size is beyond every number": (b"ad\x20" + struct.pack(">32Q", *[2**64 - 1] * 32), "never"),
    "an empty array of an impossible shape": (b"ad\2" + struct.pack(">2Q", 0, 2**64 - 1), "never"),
    "an array of a thousand axes": (b"ad\xff" + struct.pack(">255Q", *[1] * 255) + bytes(8), "never"),
    "an array of objects": (b"aO\1" + struct.pack(">Q", 1) + bytes(8), "never"),
    "a truth that is neither": (b"a?\1" + struct.pack(">Q", 1) + b"\2", "never"),
    "a dict with a key twice": (b"d\0\0\0\2" + (b"\0\0\0\1k" + b"N") * 2, "never"),
    "a text that is none": (b"s\0\0\0\2\xff\xfe", "never"),
    "half of a character": (b"s\0\0\0\3\xed\xa0\x80", "never"),
    "two values for one": (encode(1) + encode(2), "never"),
    "a pickle": (
        b"\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
        "never",
    ),
    "nothing": (b"", "never"),
}

# ------------------------------------------------------------------------------------------------------------------ hostile names

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
ENTRIES = {
    "a script": f"{SCRIPT.replace('/', chr(0x2215))}.ipynb",
    "a formula": "=HYPERLINK(\"http:x\",\"y\").ipynb",
    "a formula behind a semicolon": "Ann;=1+1;.ipynb",
    "a command": "@SUM(1+1)*cmd.ipynb",
    "a minus": "-1+cmd|' C'!A0.ipynb",
    "the folder above": "...ipynb",
    "a path in disguise": "..\\..\\canary.ipynb",
    "an absolute path in disguise": "%2e%2e%2fcanary.ipynb",
    "two lines": "one\ntwo, 100\n.ipynb",
    "an escape of the terminal": "\x1b[2J\x1b]0;owned\x07.ipynb",
    "written from right to left": "\u202egnp.\u202cx.ipynb",
    "no character": "\udcff\udcfe.ipynb",
    "two hundred characters": f"{'long' * 50}.ipynb",
    "a quote and a comma": "a\",\"100\",\"b.ipynb",
    "a name of the system": "con.ipynb",
    "only blanks": "   .ipynb",
}  # fmt: skip
