"""Code that might be handed in to gain, to harm or to hang: `ATTACKS` run in a cell or a call, `FORGED` are answers to q2."""

from textwrap import dedent

from .classes import placed

__all__ = ["ATTACKS", "ENDLESS", "FORGED", "SPOILS", "in_function"]


def _named(**snippets):
    return {name.replace("_", " "): placed(dedent(text).strip()) for name, text in snippets.items()}


def in_function(text):
    """A snippet as the body of q2's function, which then gives a wrong answer."""
    return "def meter(losses):\n    " + text.replace("\n", "\n    ") + "\n    return 'no answer'"


WRITE = """
import sys, os
codec = sys.modules['codec']
def write(*values):
    data = [codec.encode(value) for value in values]
    for fd in range(3, 20):
        try:
            if 'socket' in os.readlink(f'/proc/self/fd/{fd}'):
                os.write(fd, b''.join(len(d).to_bytes(4, 'big') + d for d in data))
        except OSError: pass
"""
ATTACKS = _named(
    # -- it ends
    kills_itself="import os\nos.kill(os.getpid(), 9)",
    exits="import os\nos._exit(0)",
    crashes="import ctypes\nctypes.string_at(0)",
    aborts="import os\nos.abort()",
    stops_itself="import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    becomes_another_program="import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'while True: pass'])",
    # -- it does not end
    loops_deaf_to_interrupts="""
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
    loops_without_the_alarm="import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
    loops_with_every_signal_blocked="import signal\nsignal.pthread_sigmask(0, range(1, 65))\nwhile True: pass",
    sleeps="import time\ntime.sleep(100)",
    loops_in_C="sum(range(10**12))",
    computes_a_tower="x = 10**10**10",
    searches_with_a_regular_expression="import re\nre.match('(a+)+$', 'a' * 99 + 'b')",
    waits_for_input="import sys\nfor k in range(10**9): sys.stdin.readline()",
    waits_for_a_lock="import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    has_a_hostile_error="""
        class E(Exception):
            def __str__(self):
                while True: pass
        raise E
        """,
    # -- it takes all there is
    forks_without_end="""
        import os
        while True:
            try: os.fork()
            except OSError: pass
        """,
    starts_a_thousand_threads="""
        import threading, time
        for k in range(1000): threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
        """,
    takes_memory="def take():\n    x = []\n    while True: x.append(bytearray(10**7))\ntake()",
    takes_memory_and_keeps_it="x = []\nwhile True: x.append(bytearray(10**7))",
    takes_memory_in_many_processes="""
        import os, time
        for k in range(6):
            if os.fork() == 0:
                x = bytearray(2 * 10**8)
                for i in range(0, len(x), 4096): x[i] = 1
                time.sleep(30)
        time.sleep(0.8)
        """,
    ends_and_leaves_a_child_that_takes_memory="""
        import os
        if os.fork():
            os._exit(0)
        for k in range(6):
            if os.fork() == 0: break
        x = []
        while True: x.append(bytearray(b'x' * 10**6))
        """,
    maps_memory_that_is_shared="import mmap\nx = [mmap.mmap(-1, 10**8) for k in range(99)]\nfor m in x: m.write(bytes(10**8))",
    recurses_in_C="import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    floods_the_output="""
        import os
        for k in range(3): print('x' * 10**8)
        for k in range(1000): os.write(1, b'x' * 10**6); os.write(2, b'x' * 10**6)
        """,
    makes_files="import os\nfor k in range(10**6): open(f'/tmp/{k}', 'w').close()",
    makes_folders_in_folders="import os\nfor k in range(10**5):\n    os.mkdir('a')\n    os.chdir('a')",
    fills_the_disk="k = 0\nwhile True:\n    k += 1\n    with open(f'/tmp/{k}', 'wb') as f: f.write(bytes(2 * 10**7))",
    fills_pipes="import os\nx = [os.pipe() for k in range(10**4)]",
    sends_descriptors_around="""
        import socket
        a, b = socket.socketpair()
        while True: socket.send_fds(a, [b'x'], [a.fileno()] * 99)
        """,
    # -- it reaches for others
    signals_the_first_process="import os\nfor s in range(1, 65):\n    try: os.kill(1, s)\n    except OSError: pass",
    signals_everyone="import os\nfor s in (2, 15, 9):\n    try: os.kill(-1, s)\n    except OSError: pass",
    signals_its_parent_and_group="""
        import os
        for s in (15, 9):
            for do in (lambda: os.kill(os.getppid(), s), lambda: os.killpg(0, s)):
                try: do()
                except OSError: pass
        """,
    limits_the_first_process="""
        import resource
        for name in dir(resource):
            if name.startswith('RLIMIT'):
                try: resource.prlimit(1, getattr(resource, name), (0, 0))
                except (OSError, ValueError): pass
        """,
    leaves_loops_behind="""
        import os
        for k in range(3):
            if os.fork() == 0:
                os.setsid()
                while True: pass
        """,
    closes_every_descriptor="import os\nos.closerange(0, 300)",
    # -- it speaks for the worker
    writes_noise_to_every_descriptor="""
        import os
        for fd in range(3, 40):
            for data in (b'\\xff' * 64, b'\\0\\0\\0\\1N' * 9, os.urandom(999)):
                try: os.write(fd, data)
                except OSError: pass
        """,
    trickles="""
        import os, time
        for k in range(100):
            for fd in range(3, 40):
                try: os.write(fd, b'\\0')
                except OSError: pass
            time.sleep(0.05)
        """,
    answers_for_its_cells=WRITE + "write(*[{'cell': k} for k in range(1, 40)], {'question': 'q1'}, {'question': 'q2'})",
    replaces_what_the_worker_uses="""
        import sys, signal
        m = sys.modules['codec']
        m.encode = m.decode = lambda *a: b'N'
        m.Channel.send = lambda *a: None
        signal.setitimer = None
        """,
    replaces_builtins="""
        import builtins
        builtins.callable = lambda x: False
        builtins.isinstance = lambda *a: True
        builtins.len = None
        """,
    replaces_the_main_module="import sys\nfor name in list(sys.modules): sys.modules[name] = None",
    traces_the_worker="import sys\nsys.settrace(lambda *a: 1 / 0)\nsys.setprofile(lambda *a: 1 / 0)",
)  # fmt: skip
# They last until they are ended, most of them at the cost of a processor.
ENDLESS = {
    "stops itself", "becomes another program", "loops deaf to interrupts", "loops without the alarm",
    "loops with every signal blocked", "sleeps", "loops in C", "computes a tower", "searches with a regular expression",
    "waits for input", "waits for a lock", "has a hostile error", "forks without end",
}  # fmt: skip
# In a cell they spoil the session itself, for the student's own later answers too: nothing is gained, and some may be lost.
SPOILS = {
    "answers for its cells", "replaces what the worker uses", "replaces builtins", "writes noise to every descriptor", "trickles",
    "closes every descriptor", "takes memory and keeps it",
    "replaces the main module", "traces the worker", "signals its parent and group",
}  # fmt: skip

OUTCOME = "{'title': 'regret', 'points': 2, 'passed': True, 'visible': True, 'message': '', 'mistake': None, 'fault': None}"
FORGED = _named(
    a_number_equal_to_everything="""
        class E(float):
            __eq__ = __ge__ = __le__ = __lt__ = lambda *a: True
            __abs__ = __sub__ = __rsub__ = lambda *a: E(0)
        def meter(losses):
            return E(7)
        """,
    an_array_equal_to_everything="""
        class E(np.ndarray):
            __eq__ = lambda *a: True
            __array_ufunc__ = lambda *a, **k: np.True_
        def meter(losses):
            return np.zeros(len(losses)).view(E)
        """,
    patched_comparisons="""
        np.isclose = np.allclose = np.array_equal = np.testing.assert_allclose = lambda *a, **k: np.True_
        def meter(losses):
            return np.zeros(len(losses))
        """,
    many_answers_to_one_call=WRITE + "def meter(losses):\n    write(*[{'value': float(k)} for k in range(99)])\n    return 2.0",
    a_forged_outcome=WRITE + f"def meter(losses):\n    write({OUTCOME}, {OUTCOME})\n    return 2.0",
    an_outcome_as_the_value=f"def meter(losses):\n    return {OUTCOME}",
    a_reply_of_many_kinds=WRITE + "def meter(losses):\n    write({'function': True, 'late': 0, 'bad': 3})\n    return 2.0",
    a_reply_that_is_no_dict=WRITE + "def meter(losses):\n    write(np.zeros(3))\n    return 2.0",
    a_reply_with_arrays_for_words=WRITE + "def meter(losses):\n    write({'error': [np.zeros(2), np.zeros(2)]})\n    return 2.0",
    an_error_of_a_forged_class="""
        class Wrong(Exception): pass
        def meter(losses):
            raise type('Passed' * 10**4, (Wrong,), {})('<script>' * 10**5)
        """,
    an_error_without_text="""
        class E(Exception):
            __str__ = lambda self: 3
        def meter(losses):
            raise E
        """,
    nan="def meter(losses):\n    return np.full(len(losses), np.nan)",
    nan_with_a_payload="def meter(losses):\n    return np.full(len(losses), 0x7ff80000deadbeef, 'u8').view(float)",
    infinity="def meter(losses):\n    return np.full(len(losses), np.inf)",
    a_huge_number="def meter(losses):\n    return 10 ** 10 ** 5",
    booleans="def meter(losses):\n    return np.ones(len(losses), bool)",
    text_that_reads_as_numbers="def meter(losses):\n    return [str(x) for x in range(len(losses))]",
    an_object_array="def meter(losses):\n    return np.array([np.isclose] * len(losses))",
    deep="def meter(losses):\n    x = []\n    for k in range(10**5): x = [x]\n    return x",
    wide="def meter(losses):\n    return [0.0] * 10**6",
    itself="def meter(losses):\n    x = []\n    x.append(x)\n    return x",
    a_vast_view="def meter(losses):\n    return np.broadcast_to(0.0, (10**6, 10**6))",
    an_endless_list="""
        class L(list):
            def __iter__(self):
                while True: yield 0.0
        def meter(losses):
            return L([1.0])
        """,
    keys_that_lie="""
        class K(str):
            __hash__ = lambda s: id(s)
            __eq__ = lambda s, o: s is o
        def meter(losses):
            return {K('a'): 1, K('a'): 2}
        """,
    a_class_that_is_forged="""
        class F:
            __class__ = np.ndarray
            dtype, shape, ndim = np.dtype(float), (6,), 1
        def meter(losses):
            return F()
        """,
    the_frames_of_its_callers="""
        import inspect
        def meter(losses):
            for f in inspect.stack():
                for v in f.frame.f_locals.values():
                    if isinstance(v, dict) and 'want' in v: return v['want']
            return 0
        """,
    what_is_in_memory="""
        import gc
        def meter(losses):
            return [o for o in gc.get_objects() if getattr(o, '__name__', '') == 'regret'][0](losses)
        """,
    the_package_that_grades="""
        import lecture_optim.check.testing as t
        t.close = lambda *a, **k: None
        def meter(losses):
            return 0
        """,
    files_named_like_modules="""
        for name in ('numpy', 'codec', 'sitecustomize', 'lecture_optim'):
            open(name + '.py', 'w').write('isclose = allclose = close = lambda *a, **k: True')
        import sys
        sys.path.insert(0, '.')
        def meter(losses):
            return 0
        """,
    patched_exits="import os, sys\nos._exit = sys.exit = lambda *a: None\ndef meter(losses):\n    return 0",
    a_pickle_that_runs="""
        class P:
            def __reduce__(self): return (exec, ("raise SystemExit",))
        import pickle
        def meter(losses):
            return pickle.dumps(P())
        """,
    the_inputs_changed="def meter(losses):\n    losses.setflags(write=True)\n    losses[:] = 0\n    return 0 * losses[:, 0]",
    the_inputs_changed_in_memory="""
        import ctypes
        def meter(losses):
            ctypes.memset(losses.ctypes.data, 0, losses.nbytes)
            return np.zeros(len(losses))
        """,
)  # fmt: skip
