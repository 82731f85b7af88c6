"""Keep the text of every chapter and its notebook in step, and run what changed.

    .venv/bin/python book/notebooks.py                     every chapter
    .venv/bin/python book/notebooks.py 04-bias-correction  one chapter, by its name (or the path of one of its files)
    .venv/bin/python book/notebooks.py --check             say what is out of step, change nothing

`book/src/<part>/<chapter>.md` (MyST text) and `book/<part>/<chapter>.ipynb` are a pair, as `jupytext.toml` has it.
Each notebook carries the digest of the text that it was last in step with. So contents alone, never time stamps, tell
which of the two was edited since, in a fresh clone too. Text edited: the notebook is made anew, and outputs of unchanged
code are kept. Notebook edited: the text is written. Both edited: neither is touched until you say which one holds.

A notebook is run where its stored outputs are not known to come from its present code, the present modules of this
repository that it imports, the present lock file and this Python. What is known stands in `_build/notebooks/`; a fresh
clone knows nothing and runs everything once.
"""

import argparse
import asyncio
import hashlib
import json
import os
import platform
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from jupytext.combine import combine_inputs_with_outputs
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from lecture_optim.cores import cores

ROOT = Path(__file__).resolve().parents[1]
DIGEST = "text_digest"  # the notebook's metadata field for the digest of the text that it was last in step with
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
# Jupytext's own filter would drop page metadata, a description for one.
MYST = {"extension": ".md", "format_name": "myst", "notebook_metadata_filter": f"all,-jupytext,-language_info,-{DIGEST}"}
# Asked of the kernel after the last cell: the files that it imported, a line each, as nbclient takes seconds to look for carriage
# returns in a line of 200 kB.
PROBE = """print(__import__("json").dumps([m.__file__ for m in list(__import__("sys").modules.values())
                                           if getattr(m, "__file__", None)], indent=0))"""


class BookError(Exception):
    """Something that the person at the keyboard has to mend; the message says what and how."""


@dataclass(frozen=True)
class Pair:
    """The files of one page in the repository at `root`; `name` is their path without folder `book` and suffix."""

    root: Path
    name: str

    @property
    def text(self):
        return self.root / f"book/src/{self.name}.md"

    @property
    def notebook(self):
        return self.root / f"book/{self.name}.ipynb"

    @property
    def record(self):
        return self.root / f"_build/notebooks/{self.name}.json"

    def show(self, path):
        return path.relative_to(self.root).as_posix()


def find_pairs(root):
    """Every page below `root`/book that has a text or a notebook, in the order of their names."""
    src = root / "book/src"
    paths = [p.relative_to(src) for p in src.rglob("*.md")]
    paths += [p.relative_to(root / "book") for p in (root / "book").rglob("*.ipynb") if src not in p.parents]
    names = {p.with_suffix("").as_posix() for p in paths if not any(part.startswith(".") for part in p.parts)}
    return [Pair(root, name) for name in sorted(names)]


def digest(thing):
    """A short SHA-256 of bytes, or of anything that JSON can hold."""
    data = thing if isinstance(thing, bytes) else json.dumps(thing, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()[:16]


def file_digest(path):
    """The digest of a file's bytes, "absent" where there is none."""
    return digest(path.read_bytes()) if path.exists() else "absent"


def read(pair, path):
    """(bytes, notebook) of one of the pair's two files, (None, None) where it is missing; BookError where it is damaged."""
    if not path.exists():
        return None, None
    data = path.read_bytes()
    try:
        if path == pair.text:
            return data, jupytext.reads(data.decode(), "md:myst")
        notebook = nbformat.reads(data.decode(), as_version=4)
        nbformat.validate(notebook)
        return data, notebook
    except Exception as error:  # the parsers' errors have no common class
        mend = "mend its front matter or the cell's options"
        if path == pair.notebook:
            mend = f"delete it and run this command again: it is made anew from {pair.show(pair.text)}"
        raise BookError(f"{pair.show(path)}: damaged; {mend}\n    {' '.join(str(error).split())[:300]}") from error


def written(notebook):
    """The notebook as MyST text: without outputs, ids and Jupyter's own fields."""
    return jupytext.writes(notebook, MYST)


def page_fields(notebook):
    """The page metadata that text and notebook share."""
    return {key: value for key, value in notebook.metadata.items() if key not in {"jupytext", DIGEST, *KERNEL}}


def content(notebook):
    """Digest of all that text and notebook share: cells with their metadata, page metadata."""
    shared = jupytext.reads(written(notebook), "md:myst")
    return digest([page_fields(notebook), [[cell.cell_type, cell.source, cell.metadata] for cell in shared.cells]])


def made_of(notebook):
    """Digest of the code and of everything that running it stored."""
    return digest([[c.source, c.execution_count, c.outputs] for c in notebook.cells if c.cell_type == "code"])


def assemble(text, old):
    """The notebook of the MyST `text`, with the outputs that notebook `old` (or None) has for the same code.

    What is no content has one fixed form: ids follow from the contents, the kernel is named without versions.
    """
    source = jupytext.reads(text, "md:myst")
    notebook = combine_inputs_with_outputs(deepcopy(source), old, "md:myst") if old else deepcopy(source)
    seen = Counter()
    for cell, plain in zip(notebook.cells, source.cells, strict=True):
        cell.metadata = plain.metadata  # combining keeps what Jupyter added to the old cell
        key = digest([cell.cell_type, cell.source])
        seen[key] += 1
        cell.id = digest([key, seen[key]])[:8]
    notebook.metadata = nbformat.from_dict({**page_fields(source), **KERNEL, DIGEST: content(source)})
    notebook.nbformat_minor = 5
    return notebook


def rendered(notebook):
    """The bytes of the notebook's file."""
    return (nbformat.writes(notebook) + "\n").encode()


def newer(pair, text, notebook, prefer=None):
    """The side of the pair that holds: "source", "notebook", or "both" (in step); `prefer` settles it if both were edited."""
    if notebook is None:
        return "source"
    if text is None:
        if prefer != "notebook" and DIGEST in notebook.metadata:  # it had one
            raise BookError(
                f"{pair.show(pair.text)} is missing. Delete {pair.show(pair.notebook)} too if the chapter was renamed or removed;"
                " or run again with --from-notebook to have the text written"
            )
        return "notebook"
    there, here, last = content(text), content(notebook), notebook.metadata.get(DIGEST)
    if there == here:
        return "both"
    if last in (there, here):
        return "source" if last == here else "notebook"
    if prefer:
        return prefer
    raise BookError(
        f"{pair.show(pair.text)} and {pair.show(pair.notebook)} differ, and both were edited since they were last in step;"
        " nothing was changed. Run again with --from-source (the text holds) or --from-notebook (the notebook holds)"
    )


def known(pair):
    """The record of the last run: {"cells": digest, "python": version, "files": {path: digest}}; None if there is none."""
    try:
        return json.loads(pair.record.read_text())
    except (OSError, ValueError):
        return None


def reason_to_run(pair, notebook):
    """Why the stored outputs may be stale, in a few words; None where they are known to be current."""
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        return None
    if (record := known(pair)) is None:
        return "nothing is known of its last run"
    if record["cells"] != made_of(notebook):
        return "code or outputs changed"
    if record["python"] != platform.python_version():
        return "another Python"
    return next((f"{f} changed" for f, value in record["files"].items() if file_digest(pair.root / f) != value), None)


@asynccontextmanager
async def kernel_of(pair, notebook, timeout):
    """A client of nbclient whose kernel is this Python, in the notebook's folder; it is gone after the block, however that ends.

    (nbclient's own such block would take Ctrl-C to itself, for the notebook that began last.)
    """
    # With no kernel folder to look in, python3 is the interpreter that runs this command.
    kernels = KernelSpecManager(kernel_dirs=[])
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels, transport_encryption="auto")
    client = NotebookClient(notebook, km=kernel, timeout=timeout, record_timing=False, coalesce_streams=True)
    pair.notebook.parent.mkdir(parents=True, exist_ok=True)
    try:
        await client.async_start_new_kernel(cwd=str(pair.notebook.parent))
        await client.async_start_new_kernel_client()
        yield client
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if kernel.has_kernel:
            await kernel.shutdown_kernel(now=True)


async def run(pair, notebook, timeout, times):
    """Run the cells in place, with this Python, in the notebook's folder; {path: digest} of the files of ours that it used.

    A (seconds, cell) for each code cell joins the list `times`. A cell that fails, or takes more than `timeout` seconds, raises
    BookError.
    """
    started = time.time()
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    async with kernel_of(pair, notebook, timeout) as client:
        for index, cell in enumerate(notebook.cells):
            begun = time.perf_counter()
            try:
                await client.async_execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                if asyncio.current_task().cancelling():  # an interrupt, which nbclient takes for a dead kernel
                    raise asyncio.CancelledError from error
                what = {CellTimeoutError: f"took more than {timeout} s", DeadKernelError: "its Python process ended"}
                reason = what.get(type(error)) or f"{error.ename}: {error.evalue}"
                number = sum(c.cell_type == "code" for c in notebook.cells[: index + 1])
                lines = "".join(f"\n    | {line}" for line in cell.source.splitlines()[:4])
                raise BookError(
                    f"{pair.show(pair.notebook)}: code cell {number} failed; nothing was changed{lines}\n    {reason}"
                ) from error
            if cell.cell_type == "code" and cell.source != PROBE:
                first = next((line for line in cell.source.splitlines() if line.strip()), "")
                times.append((time.perf_counter() - begun, f"{pair.name}, cell {cell.execution_count}: {first[:60]}"))
    imported = [Path(file) for file in json.loads(notebook.cells.pop().outputs[0].text)]
    ours = [p for p in imported if p.is_relative_to(pair.root) and not p.is_relative_to(sys.prefix)]
    # A module saved while the notebook ran may be newer than what ran: its digest is not known.
    files = {pair.show(p): file_digest(p) if p.stat().st_mtime < started else "unknown" for p in ours}
    return {**files, "requirements.lock": file_digest(pair.root / "requirements.lock")}


def replace(path, data):
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


async def update(pair, prefer=None, always=False, timeout=600, times=None):
    """Bring one pair up to date and say in a few words what was done; with a BookError both files are as they were.

    What `run` says of the cells' times joins the list `times`.
    """
    (text_data, text), (data, old) = read(pair, pair.text), read(pair, pair.notebook)
    side = newer(pair, text, old, prefer)
    new_text = written(old).encode() if side == "notebook" else text_data
    notebook = assemble(new_text.decode(), old)
    done = {"source": ["notebook written"], "notebook": ["text written from the notebook"], "both": []}[side]
    if reason := "--all" if always else reason_to_run(pair, notebook):
        started = time.perf_counter()
        files = await run(pair, notebook, timeout, [] if times is None else times)
        done.append(f"run in {time.perf_counter() - started:.1f} s ({reason})")
    if (read(pair, pair.text)[0], read(pair, pair.notebook)[0]) != (text_data, data):
        raise BookError(f"{pair.name}: a file was saved while the notebook ran; nothing was changed. Run again")
    if new_text != text_data:
        replace(pair.text, new_text)
    if rendered(notebook) != data:
        replace(pair.notebook, rendered(notebook))
        done = done or ["tidied"]
    if reason:
        record = {"cells": made_of(notebook), "python": platform.python_version(), "files": files}
        replace(pair.record, json.dumps(record, indent=1).encode())
    return ", ".join(done) or "in step"


def out_of_step(pair):
    """What is wrong with the pair, whatever is known of its last run: [] or one sentence; nothing is changed."""
    try:
        (_, text), (data, notebook) = read(pair, pair.text), read(pair, pair.notebook)
        side = newer(pair, text, notebook)
    except BookError as error:
        return [str(error)]
    name = pair.show(pair.notebook)
    if text is None or notebook is None:
        return [f"{pair.show(pair.text) if text is None else name} is missing"]
    if side != "both":
        return [f"{name} and {pair.show(pair.text)} differ; the {side} was edited last"]
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if counts != list(range(1, len(counts) + 1)):
        return [f"{name} holds cells that were not run, or not in order"]
    return [] if rendered(assemble(written(notebook), notebook)) == data else [f"{name} was saved by another program"]


def stale(pair):
    """What is known here against the outputs of a pair that is in step: [] or one sentence."""
    reason = known(pair) and reason_to_run(pair, read(pair, pair.notebook)[1])
    return [f"{pair.show(pair.notebook)} has to be run again: {reason}"] if reason else []


def select(pairs, names):
    """The pairs that `names` mean: a chapter's name, with or without its part, or the path of one of its files."""
    chosen = []
    for name in names:
        path = Path(name).resolve()
        found = [p for p in pairs if name in (p.name, p.name.split("/")[-1]) or path in (p.text, p.notebook)]
        if len(found) != 1:
            raise BookError(f"{name!r} names {len(found)} chapters; say which: {', '.join(p.name for p in found or pairs)}")
        chosen += found
    return chosen or pairs


async def update_all(pairs, options, times):
    """Bring the pairs up to date, some at once, and say of each in its turn what was done; what failed, a sentence each."""
    at_once, failures = asyncio.Semaphore(options.jobs), []

    async def one(pair):
        async with at_once:
            return await update(pair, options.prefer, options.all, options.timeout, times)

    tasks = [asyncio.create_task(one(pair)) for pair in pairs]
    for number, (pair, task) in enumerate(zip(pairs, tasks, strict=True), start=1):
        print(f"[{number}/{len(pairs)}] {pair.name}: ", end="", flush=True)
        try:
            print(await task)
        except BookError as error:
            failures.append(str(error))
            print("FAILED")
    return failures


def check_all(pairs):
    """Say of each pair whether it is in step; what there is to mend, a sentence each."""
    to_mend = []
    for number, pair in enumerate(pairs, start=1):
        found = out_of_step(pair) or stale(pair)
        print(f"[{number}/{len(pairs)}] {pair.name}: {'TO MEND' if found else 'in step'}")
        to_mend += found
    return to_mend


def main(arguments=None, root=ROOT):
    """The command; returns its exit code: 0 done, 1 something to mend, 2 wrong call, 130 interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="chapter", help="a chapter's name or path (default: every chapter)")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if anything is out of step")
    parser.add_argument("--all", action="store_true", help="run the notebooks even where nothing changed")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that a cell may take (default: 600)")
    parser.add_argument("--jobs", type=int, default=cores(), metavar="N", help="run N notebooks at once (default: one a core)")
    parser.add_argument("--slowest", type=int, default=0, metavar="N", help="at the end, show the N cells that took longest")
    sides = parser.add_mutually_exclusive_group()
    for side in ("source", "notebook"):
        sides.add_argument(
            f"--from-{side}", dest="prefer", action="store_const", const=side, help="this side if both were edited"
        )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1, but is {options.jobs}")
    times, started = [], time.perf_counter()
    try:
        pairs = select(find_pairs(root), options.names)
        failures = check_all(pairs) if options.check else asyncio.run(update_all(pairs, options, times))
    except BookError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("interrupted; every file is whole", file=sys.stderr)
        return 130
    print(f"{len(pairs)} notebook{'s' * (len(pairs) != 1)}, {len(failures)} to mend, {time.perf_counter() - started:.1f} s")
    for seconds, cell in sorted(times, reverse=True)[: options.slowest]:
        print(f"{seconds:7.1f} s  {cell}")
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
