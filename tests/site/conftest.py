"""The built site and the browser that its tests share."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from filelock import FileLock

from .visit import Tab, Visitor

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (str(Path(sysconfig.get_path("scripts"), "jupyter-book")), "build", ".", "-W", "-n", "--keep-going")
REFERENCES = "@misc{one, author={Abel, A.}, title={One}, year={2001}}\n@misc{two, author={Bohr, B.}, title={Two}, year={2002}}\n"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "_build", "__pycache__", ".*_cache", ".ipynb_checkpoints", "*.egg-info")


def copy_sources(target):
    """Copy what a fresh clone would hold, and new files that are not ignored, to the folder `target`."""
    if not (ROOT / ".git").exists():
        shutil.copytree(ROOT, target, ignore=LEFT_OUT)
        return
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
        if (ROOT / name).is_file():  # a deleted file is listed until its deletion is committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)


def build(folder, sources=copy_sources, **environment):
    """Build the site in `folder`, which `sources` fills; returns the folder of the pages, AssertionError with the log."""
    sources(folder)
    environment = os.environ | environment
    done = subprocess.run(COMMAND, cwd=folder, env=environment, capture_output=True, text=True)
    assert not done.returncode, f"the site does not build without warnings:\n{done.stdout[-2000:]}\n{done.stderr}"
    return folder / "_build" / "html"


def frame_around(page, **others):
    """What fills a folder with the book's frame and this one page, and others by name, for `build`."""

    def sources(target):
        for folder in ("_ext", "_static", "_templates", "publish"):
            shutil.copytree(ROOT / "book" / folder, target / "book" / folder)
        shutil.copyfile(ROOT / "_config.yml", target / "_config.yml")
        chapters = "".join(f"  - file: book/{name}\n" for name in others)
        contents = f"format: jb-book\nroot: book/index\n{'chapters:' if others else ''}\n{chapters}"
        (target / "_toc.yml").write_text(contents, encoding="utf-8")
        (target / "book/references.bib").write_text(REFERENCES, encoding="utf-8")
        for name, text in {"index": page, **others}.items():
            (target / f"book/{name}.md").write_text(text, encoding="utf-8")

    return sources


@pytest.fixture(scope="session")
def html(tmp_path_factory, worker_id):
    """The folder of the built pages; built once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "site"
    outcome = shared.with_suffix(".outcome")
    with FileLock(shared.with_suffix(".lock")):
        if not outcome.exists():
            try:
                build(shared)
                outcome.write_text("built", encoding="utf-8")
            except AssertionError as error:
                outcome.write_text(str(error), encoding="utf-8")
    assert outcome.read_text(encoding="utf-8") == "built", outcome.read_text(encoding="utf-8")
    return shared / "_build" / "html"


def windows(browser):
    """Yields a maker of windows, `new(viewport, scheme, **options)`, and closes them in the end."""
    made = []

    def new(*arguments, **options):
        made.append(Visitor(browser, *arguments, **options))
        return made[-1]

    yield new
    for window in made:
        window.close()


# A window for one test, or for all tests of a file.
visitor = pytest.fixture(windows, name="visitor")
open_window = pytest.fixture(windows, name="open_window", scope="module")


@pytest.fixture(scope="session")
def tab(browser):
    """A tab for pages of which each test needs one, new, and no window of a kind of its own."""
    tab = Tab(browser)
    yield tab
    tab.close()
