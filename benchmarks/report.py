"""How a benchmark says what it measured: the machine it ran on, tables in Markdown, and a file in results/."""

import importlib.metadata
import os
import platform
import statistics
from pathlib import Path

from lecture_optim.cores import cores

__all__ = ["machine", "median", "save", "seconds", "table"]

RESULTS = Path(__file__).resolve().parent / "results"


def machine(*packages):
    """One line that names the processor, the cores, the system, the load, and the versions of Python and these packages."""
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    where = f"{_processor()}, {cores()} cores, {platform.system()} {platform.release().partition('-')[0]}{load}"
    return f"{where}; Python {platform.python_version()}, {versions}"


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor():
    try:
        with open("/proc/cpuinfo") as file:
            found = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    except OSError:
        found = ""
    return found or platform.processor() or platform.machine()


def median(values):
    """The median, and the least and the most as a pair."""
    values = list(values)
    return statistics.median(values), (min(values), max(values))


def seconds(value):
    """A time in the unit that fits it, three digits."""
    if value < 0.1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def table(heads, rows, words=(0,)):
    """A table in Markdown. words: the columns of words, which stand left; the others are numbers."""
    lines = [heads, ["---" if n in words else "---:" for n in range(len(heads))], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def save(name, title, parts):
    """Write results/NAME.md, of a title and parts in Markdown, and return its text."""
    text = f"# {title}\n\n" + "\n\n".join(parts) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, "utf-8")
    return text
