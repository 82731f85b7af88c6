"""book/notebooks.py on a repository of one or two chapters: what a person edits is kept, what changed is run, nothing is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import notebooks
import pytest
from jupytext.config import load_jupytext_config
from jupytext.paired_paths import paired_paths
from notebooks import BookError, out_of_step

from .samples import TEXT, files, main, repository, update


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A repository whose one chapter is in step and run."""
    pair = repository(tmp_path_factory.mktemp("finished"))
    assert update(pair).startswith("notebook written, run in ")
    return pair


@pytest.fixture
def pair(finished, tmp_path):
    """A copy of it for one test."""
    shutil.copytree(finished.root, tmp_path, dirs_exist_ok=True)
    return notebooks.Pair(tmp_path, finished.name)


def stored(pair):
    return nbformat.read(pair.notebook, as_version=4)


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def edit_in_jupyter(pair, old, new):
    """Change a cell of the notebook and save it the way JupyterLab does, with fields of its own."""
    notebook = stored(pair)
    (cell,) = [cell for cell in notebook.cells if old in cell.source]
    cell.source = cell.source.replace(old, new)
    notebook.cells[1].metadata["collapsed"] = True
    notebook.metadata.language_info["version"] = "3.12.9"
    nbformat.write(notebook, pair.notebook)


def never_run(*_):
    raise AssertionError("the notebook was run")


# Writing and running


def test_a_text_becomes_an_executed_notebook(finished):
    notebook = stored(finished)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2]
    assert code[1].outputs == [{"output_type": "stream", "name": "stdout", "text": "5.000\n"}]
    assert code[1].metadata == {"tags": ["hide-input"]}
    assert notebook.metadata.html_meta == {"description": "Two numbers are added"}
    assert out_of_step(finished) == []
    assert finished.text.read_text() == TEXT


def test_nothing_to_do_changes_nothing(pair, monkeypatch):
    before = files(pair.root)
    monkeypatch.setattr(notebooks, "run", never_run)
    assert update(pair) == "in step"
    assert files(pair.root) == before


def test_running_again_gives_the_same_bytes(pair):
    before = files(pair.root)
    assert update(pair, always=True).endswith("(--all)")
    assert files(pair.root) == before


def test_a_fresh_clone_runs_and_gets_the_same_bytes(pair):
    before = files(pair.root)
    shutil.rmtree(pair.root / "_build")
    assert out_of_step(pair) == []
    assert update(pair).endswith("(nothing is known of its last run)")
    assert files(pair.root) == before


def test_kernel_is_this_interpreter_in_the_notebooks_folder(tmp_path, monkeypatch):
    other = tmp_path / "jupyter/kernels/python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(json.dumps({"argv": ["/bin/false"], "display_name": "x", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    pair = repository(tmp_path / "house", TEXT.replace("a, b = 2, 3", "import os, sys\nprint(sys.executable, os.getcwd())"))
    with pytest.raises(BookError, match="name 'a' is not defined"):
        update(pair)
    edit(pair.text, 'print(f"{a + b:.3f}")', "")
    update(pair)
    code = [cell for cell in stored(pair).cells if cell.cell_type == "code"]
    assert code[0].outputs[0].text == f"{sys.executable} {pair.notebook.parent}\n"


# Edits of one side


def test_edited_prose_keeps_outputs_without_a_run(pair, monkeypatch):
    outputs = [cell.get("outputs") for cell in stored(pair).cells]
    monkeypatch.setattr(notebooks, "run", never_run)
    edit(pair.text, "Two numbers.", "A pair of numbers.")
    assert out_of_step(pair) == [
        "book/1-sums/adding.ipynb and book/src/1-sums/adding.md differ; the source was edited last",
    ]
    assert update(pair) == "notebook written"
    assert "A pair of numbers." in stored(pair).cells[0].source
    assert [cell.get("outputs") for cell in stored(pair).cells] == outputs
    assert out_of_step(pair) == []


def test_edited_code_is_run(pair):
    ids = [cell.id for cell in stored(pair).cells]
    edit(pair.text, "a, b = 2, 3", "a, b = 2, 4")
    assert update(pair).endswith("(code or outputs changed)")
    cells = stored(pair).cells
    assert cells[3].outputs[0].text == "6.000\n"
    assert [cell.id == old for cell, old in zip(cells, ids, strict=True)] == [True, False, True, True, True]


def test_edited_notebook_writes_the_text_and_is_tidied(pair):
    before = stored(pair).metadata
    edit_in_jupyter(pair, "a, b = 2, 3", "a, b = 2, 5")
    assert out_of_step(pair)[0].endswith("the notebook was edited last")
    assert update(pair).startswith("text written from the notebook, run")
    text = pair.text.read_text()
    assert "a, b = 2, 5" in text and "description: Two numbers are added" in text
    assert notebooks.DIGEST not in text and "3.12.9" not in text
    assert stored(pair).metadata == {**before, notebooks.DIGEST: stored(pair).metadata[notebooks.DIGEST]}
    assert stored(pair).cells[1].metadata == {}
    assert out_of_step(pair) == []


def test_a_fresh_clone_still_knows_which_side_was_edited(pair):
    shutil.rmtree(pair.root / "_build")
    edit(pair.text, "Two numbers.", "A pair of numbers.")
    os.utime(pair.text, (0, 0))
    assert out_of_step(pair)[0].endswith("the source was edited last")


def test_outputs_edited_by_hand_are_made_again(pair):
    before = files(pair.root)
    edit(pair.notebook, "5.000", "5.001")
    assert update(pair).endswith("(code or outputs changed)")
    assert files(pair.root) == before


def test_a_missing_side_is_made_again(pair):
    before = files(pair.root)
    pair.notebook.unlink()
    assert out_of_step(pair) == ["book/1-sums/adding.ipynb is missing"]
    update(pair)
    assert files(pair.root) == before


def test_a_missing_text_may_be_a_renamed_chapter(pair):
    pair.text.rename(pair.text.with_name("sums.md"))
    with pytest.raises(BookError, match=r"adding.md is missing. Delete book/1-sums/adding.ipynb too if the chapter was renamed"):
        update(pair)
    assert "is missing" in out_of_step(pair)[0] and not pair.text.exists()
    assert update(pair, prefer="notebook") == "text written from the notebook"
    assert out_of_step(pair) == []


def test_a_notebook_begun_in_jupyter_gets_a_text(pair):
    notebook = stored(pair)
    del notebook.metadata[notebooks.DIGEST]
    begun = notebooks.Pair(pair.root, "1-sums/begun")
    nbformat.write(notebook, begun.notebook)
    assert out_of_step(begun) == ["book/src/1-sums/begun.md is missing"]
    assert update(begun).startswith("text written from the notebook, run in")
    assert out_of_step(begun) == [] and "a, b = 2, 3" in begun.text.read_text()


# Edits of both sides


@pytest.mark.parametrize(("side", "kept", "lost"), [("source", "few", "many"), ("notebook", "many", "few")])
def test_edits_of_both_sides_wait_for_a_decision(pair, capsys, side, kept, lost):
    edit(pair.text, "Two numbers.", "A few numbers.")
    edit_in_jupyter(pair, "Two numbers.", "Too many numbers.")
    before = files(pair.root)
    assert main([], root=pair.root) == main(["--check"], root=pair.root) == 1
    message = capsys.readouterr().err
    assert "book/src/1-sums/adding.md and book/1-sums/adding.ipynb differ, and both were edited" in message
    assert "--from-source" in message and "--from-notebook" in message
    assert files(pair.root) == before
    assert main([f"--from-{side}"], root=pair.root) == 0
    assert out_of_step(pair) == []
    assert all(kept in text and lost not in text for text in (pair.text.read_text(), pair.notebook.read_text()))


def test_the_same_edit_on_both_sides_is_no_conflict(pair):
    edit(pair.text, "Two numbers.", "A few numbers.")
    edit_in_jupyter(pair, "Two numbers.", "A few numbers.")
    assert update(pair) == "tidied"
    assert out_of_step(pair) == []


def test_a_notebook_of_unknown_origin_waits_for_a_decision(pair):
    notebook = stored(pair)
    del notebook.metadata[notebooks.DIGEST]
    notebook.cells[0].source += "\n\nMore."
    nbformat.write(notebook, pair.notebook)
    with pytest.raises(BookError, match="both were edited"):
        update(pair)


# What a run depends on


def test_a_changed_module_of_the_repository_is_a_reason_to_run(tmp_path):
    pair = repository(tmp_path, TEXT.replace("a, b = 2, 3", "from numbers_of_mine import a, b"))
    pair.notebook.parent.mkdir(parents=True)
    module = pair.notebook.parent / "numbers_of_mine.py"
    module.write_text("a, b = 2, 3\n")
    unused = module.with_name("unused.py")
    unused.write_text("")
    os.utime(module, (1e9, 1e9))
    update(pair)
    unused.write_text("1\n")
    assert update(pair) == "in step" and notebooks.stale(pair) == []
    module.write_text("a, b = 2, 7\n")
    assert notebooks.stale(pair) == ["book/1-sums/adding.ipynb has to be run again: book/1-sums/numbers_of_mine.py changed"]
    assert update(pair).endswith("(book/1-sums/numbers_of_mine.py changed)")
    assert stored(pair).cells[3].outputs[0].text == "9.000\n"


def test_a_module_saved_during_the_run_is_run_again(tmp_path):
    code = "from pathlib import Path\n\nimport late\n\na, b = late.a, 3\n_ = Path('late.py').write_text('a = 4')"
    pair = repository(tmp_path, TEXT.replace("a, b = 2, 3", code))
    pair.notebook.parent.mkdir(parents=True)
    (pair.notebook.parent / "late.py").write_text("a = 2\n")
    update(pair)
    assert update(pair).endswith("(book/1-sums/late.py changed)")


@pytest.mark.parametrize("change", ["lock", "python"])
def test_another_lock_or_python_is_a_reason_to_run(pair, monkeypatch, change):
    if change == "lock":
        (pair.root / "requirements.lock").write_text("numpy==2.5.5\n")
    else:
        monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    (message,) = notebooks.stale(pair)
    assert message.endswith({"lock": "requirements.lock changed", "python": "another Python"}[change])


def test_the_cells_that_took_longest_are_shown_on_request(pair, capsys):
    edit(pair.text, "a, b = 2, 3", "import time\n\ntime.sleep(1.5)\na, b = 2, 3")
    assert main(["--slowest=1"], root=pair.root) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if " s  " in line]
    seconds, cell = line.split(" s  ")
    assert 1.5 <= float(seconds) < 5 and cell == "1-sums/adding, cell 1: import time"
    assert main(["--all"], root=pair.root) == 0 and " s  " not in capsys.readouterr().out


MEET = """import time
from pathlib import Path

Path("../1-sums/{own}").touch()
deadline = time.monotonic() + 30
while not Path("../1-sums/{other}").exists():
    assert time.monotonic() < deadline
    time.sleep(0.05)
a, b = 2, 3"""


def test_notebooks_run_side_by_side(pair, capsys):
    for name, own, other in (("adding", "first", "second"), ("later", "second", "first")):
        repository(pair.root, TEXT.replace("a, b = 2, 3", MEET.format(own=own, other=other)), f"1-sums/{name}")
    assert main(["--jobs=2"], root=pair.root) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()[:2]] == [
        "[1/2] 1-sums/adding",
        "[2/2] 1-sums/later",
    ]
    with pytest.raises(SystemExit):
        main(["--jobs=0"], root=pair.root)
    assert "--jobs must be at least 1, but is 0" in capsys.readouterr().err


# What goes wrong


def test_a_failing_cell_changes_nothing_and_others_go_on(pair, capsys):
    edit(pair.text, "a, b = 2, 3", "a = 2\nb = a / 0")
    repository(pair.root, TEXT, "1-sums/later")
    before = files(pair.root)
    assert main([], root=pair.root) == 1
    shown = capsys.readouterr()
    assert "book/1-sums/adding.ipynb: code cell 1 failed" in shown.err
    assert "| a = 2\n    | b = a / 0\n    ZeroDivisionError: division by zero" in shown.err
    assert "[1/2] 1-sums/adding: FAILED\n[2/2] 1-sums/later: notebook written, run in" in shown.out
    after = files(pair.root)
    assert after.pop("book/1-sums/later.ipynb")
    assert after == before


def test_a_cell_over_its_time_limit_fails(pair):
    edit(pair.text, "a, b = 2, 3", "import time\n\ntime.sleep(60)")
    with pytest.raises(BookError, match=r"code cell 1 failed.*\n(.*\n)*.*took more than 1 s"):
        update(pair, timeout=1)


def test_a_dead_process_fails(pair):
    edit(pair.text, "a, b = 2, 3", "import os\n\nos._exit(1)")
    with pytest.raises(BookError, match=r"code cell 1 failed.*\n(.*\n)*.*its Python process ended"):
        update(pair)


def test_a_file_saved_during_the_run_is_not_overwritten(pair):
    edit(pair.text, "a, b = 2, 3", "from pathlib import Path\n\n_ = Path('../src/1-sums/adding.md').write_text('# Mine')")
    edit(pair.text, 'print(f"{a + b:.3f}")', "")
    notebook = pair.notebook.read_bytes()
    with pytest.raises(BookError, match="saved while the notebook ran"):
        update(pair)
    assert pair.text.read_text() == "# Mine"
    assert pair.notebook.read_bytes() == notebook


NO_NOTEBOOK = '{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
NO_CELL = '{"cells": [{"cell_type": "text", "id": "a", "metadata": {}}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.mark.parametrize("damage", ["{", "<<<<<<< HEAD\n{}", NO_NOTEBOOK, NO_CELL], ids=["JSON", "merge", "cells", "cell"])
def test_a_damaged_notebook_is_named_and_kept(pair, damage):
    pair.notebook.write_text(damage)
    with pytest.raises(BookError, match=r"^book/1-sums/adding.ipynb: damaged; delete it and run this command again"):
        update(pair)
    assert pair.notebook.read_text() == damage
    assert "damaged" in out_of_step(pair)[0]


@pytest.mark.parametrize(("old", "new"), [("kernelspec:", "kernelspec: ["), (":tags: [hide-input]", ":tags: [hide-input")])
def test_a_damaged_text_is_named_and_kept(pair, old, new):
    edit(pair.text, old, new)
    before = files(pair.root)
    with pytest.raises(BookError, match=r"^book/src/1-sums/adding.md: damaged; mend its front matter or the cell's options"):
        update(pair)
    assert files(pair.root) == before


def test_a_write_that_fails_leaves_the_old_file(pair, monkeypatch):
    before = files(pair.root)
    edit(pair.text, "Two numbers.", "A pair of numbers.")
    monkeypatch.setattr("os.replace", never_run)
    with pytest.raises(AssertionError):
        update(pair)
    assert {**files(pair.root), "book/src/1-sums/adding.md": TEXT.encode()} == before


def test_an_interrupt_leaves_every_file_whole_and_no_kernel(pair):
    later = repository(pair.root, TEXT, "1-sums/later")
    flags = [pair.root / "kernel", pair.root / "another"]
    for text, flag in zip((pair.text, later.text), flags, strict=True):
        code = f"import os, time\nfrom pathlib import Path\n\nPath({str(flag)!r}).write_text(str(os.getpid()))\ntime.sleep(300)"
        edit(text, "a, b = 2, 3", code)
    before = files(pair.root)
    # Where the tests themselves run in the background of a shell, Ctrl-C is ignored, and that is inherited.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    run = "sys.exit(notebooks.main(['--jobs=2'], root=Path(sys.argv[1])))"
    call = f"{heard}; import sys, notebooks; from pathlib import Path; {run}"
    environment = {**os.environ, "PYTHONPATH": str(notebooks.ROOT / "book")}
    command = subprocess.Popen([sys.executable, "-c", call, pair.root], env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not all(flag.exists() and flag.read_text() for flag in flags) and time.monotonic() < deadline:
        time.sleep(0.05)
    command.send_signal(signal.SIGINT)
    _, message = command.communicate(timeout=60)
    assert command.returncode == 130 and message == "interrupted; every file is whole\n"
    assert files(pair.root) == before
    for flag in flags:
        with pytest.raises(ProcessLookupError):
            os.kill(int(flag.read_text()), 0)


# The command


def test_check_says_what_is_wrong_and_changes_nothing(pair, capsys):
    assert main(["--check"], root=pair.root) == 0
    notebook = stored(pair)
    notebook.cells[1].execution_count = None
    nbformat.write(notebook, pair.notebook)
    before = files(pair.root)
    assert main(["--check"], root=pair.root) == 1
    assert "book/1-sums/adding.ipynb holds cells that were not run, or not in order" in capsys.readouterr().err
    assert files(pair.root) == before
    assert main([], root=pair.root) == main(["--check"], root=pair.root) == 0


def test_check_finds_a_notebook_in_another_form(pair):
    edit_in_jupyter(pair, "Two numbers.", "Two numbers.")
    assert out_of_step(pair) == ["book/1-sums/adding.ipynb was saved by another program"]
    assert update(pair) == "tidied"


def test_a_chapter_is_chosen_by_name_or_path(pair, capsys):
    repository(pair.root, "# Errata\n", "appendix/errata")
    for name in ("adding", "1-sums/adding", str(pair.text), str(pair.notebook)):
        assert main([name], root=pair.root) == 0
        assert "[1/1] 1-sums/adding: in step" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["subtracting"], root=pair.root)
    assert "'subtracting' names 0 chapters; say which: 1-sums/adding, appendix/errata" in capsys.readouterr().err
    assert main(["errata"], root=pair.root) == 0 and (pair.root / "book/appendix/errata.ipynb").exists()


@pytest.mark.parametrize("name", ["index", "1-sums/adding"])
def test_pairs_are_those_of_jupytext(tmp_path, name):
    pair = repository(tmp_path, name=name)
    formats = load_jupytext_config(str(pair.text)).default_formats(str(pair.text))
    paths = [path for path, _ in paired_paths(str(pair.text), {"extension": ".md", "format_name": "myst"}, formats)]
    assert paths == [str(pair.text), str(pair.notebook)]
    assert notebooks.find_pairs(tmp_path) == [pair]


def test_any_text_is_in_step_with_the_notebook_made_from_it(tmp_path):
    awkward = '# T\n\ntrailing  \n\n\n\nblank lines\n+++\nsecond\n\n+++ {"slide": 1}\n\n````\n```\n````\n\n$$\na\n$$\n'
    pair = repository(tmp_path, awkward)
    update(pair)
    assert out_of_step(pair) == []
    assert pair.text.read_text() == awkward
