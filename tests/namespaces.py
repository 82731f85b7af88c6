"""What a notebook leaves behind when nbval has run it, for the tests of its chapter: the cells need not be run a second time."""

import os
import pickle
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from types import FunctionType

import pytest
from nbval.plugin import IPyNbFile

# Where the controller of a run tells its workers the folder of the run.
FOLDER = "LECTURE_OPTIM_NAMESPACES"
TESTS = {test.stem.removeprefix("test_").replace("_", "-"): test for test in (Path(__file__).parent / "book").glob("test_*.py")}

# Functions of the notebook go by value and keep one namespace in common, as cloudpickle does for what was defined in a session.
KEEP = """
import os as _os
import cloudpickle as _cloudpickle
_own = get_ipython().user_ns
_wanted = {{name: _own[name] for name in {names!r} if name in _own and name not in get_ipython().user_ns_hidden}}
with open({path!r} + ".part", "wb") as _file:
    _cloudpickle.dump(_wanted, _file)
_os.replace(_file.name, {path!r})
"""


class Namespaces:
    """A plugin for the run of a worker: keeps what the tests of a chapter name, once all cells of its notebook have passed."""

    def __init__(self, folder):
        self.folder, self._passed = Path(folder), Counter()

    def _place(self, chapter):
        return self.folder / f"{chapter}.pickle"

    def pytest_runtest_logreport(self, report):
        self._passed[report.nodeid.partition("::")[0]] += report.when == "call" and report.passed

    @pytest.hookimpl(tryfirst=True)  # the kernel still runs
    def pytest_runtest_teardown(self, item, nextitem):
        notebook = item.parent
        if not isinstance(notebook, IPyNbFile) or (nextitem is not None and nextitem.parent is notebook):
            return
        chapter, cells = notebook.path.stem, sum(cell.cell_type == "code" for cell in notebook.nb.cells)
        if chapter in TESTS and self._passed[notebook.nodeid] == cells:
            # All that a test could ask for: `page["name"]`, or a name from a list.
            names = sorted(set(re.findall(r"[\"'](\w+)[\"']", TESTS[chapter].read_text(encoding="utf-8"))))
            # What cannot be kept (a proof is never copied) leaves no file, and the chapter's tests run its cells.
            asked = notebook.kernel.execute_cell_input(KEEP.format(names=names, path=str(self._place(chapter))))
            notebook.kernel.await_reply(asked, timeout=60)

    def kept(self, chapter):
        """The names that the notebook of a chapter left behind, None where it was not run before or they could not be kept.

        Where there are functions among them it is their own namespace, so that a name set in it is seen by them.
        """
        if not self._place(chapter).exists():
            return None
        names = pickle.loads(self._place(chapter).read_bytes())
        for value in names.values():
            if isinstance(value, FunctionType) and value.__module__ == "__main__":
                value.__globals__.update(names)
                return value.__globals__
        return names


def configure(config):
    """Begin a run: one folder for the controller and its workers, removed with the run."""
    is_worker = hasattr(config, "workerinput")
    folder = os.environ[FOLDER] if is_worker else tempfile.mkdtemp(prefix="namespaces-")
    before = None if is_worker else os.environ.get(FOLDER)
    os.environ[FOLDER] = folder
    config.pluginmanager.register(Namespaces(folder), "namespaces")

    def end():
        if not is_worker:
            shutil.rmtree(folder, ignore_errors=True)
            os.environ.pop(FOLDER)
            if before is not None:  # this run is within another's
                os.environ[FOLDER] = before

    config.add_cleanup(end)
