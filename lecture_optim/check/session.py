"""The run of a notebook's cells, one after the other, under limits: the rules that a reader alone and a class share.

The process that runs the code may end at any cell. Then it is made anew, without the cell that ended it; which process that is,
and how it is spoken to, the classes that inherit from `Session` know.
"""

import time

__all__ = ["LATE", "Lost", "Session", "Unsent"]

LATE = "no name of an error"


class Lost(Exception):
    """The process has ended, or must be ended, at this cell; the text says why."""


class Unsent(Exception):
    """The cell cannot be sent at all; the text says why."""


class Session:
    """What became of the cells of one notebook.

    cells: texts. limits: has cell_seconds and notebook_seconds. skipped: by the number of a cell, from 0, why it is not run any
    more; failed: likewise (the error's name or LATE, the text) of those that were run and have raised an error; spent: seconds.
    """

    def __init__(self, cells, limits):
        self.cells, self.limits = cells, limits
        self.skipped, self.failed, self.spent = {}, {}, 0.0

    def ask(self, number, text, seconds):
        """Have the process run a cell: None, or (LATE, ""), or the name and the text of its error. Raises Lost, Unsent."""
        raise NotImplementedError

    def close(self):
        """End the process, if there is one."""
        raise NotImplementedError

    def run_cells(self):
        """Run all cells that can be run. Whether the process lives on."""
        self.failed = {}
        again = []
        for number, text in enumerate(self.cells):
            if number not in self.skipped and not self.cell(number, text):
                return False
            if self.failed.get(number, ("",))[0] == "NameError":
                again.append(number)
        # A cell that stands above the one it needs was run in another order by its author; it has one more try.
        for number in again:
            before = self.failed.pop(number)
            if not self.cell(number, self.cells[number]):
                self.failed[number] = before
                return False
        return True

    def cell(self, number, text):
        """Run one cell. Whether the process lives on."""
        seconds = min(self.limits.cell_seconds, self.limits.notebook_seconds - self.spent)
        if seconds <= 0:
            self.skipped[number] = f"it was not run, as the notebook had used its {self.limits.notebook_seconds:g} s"
            return True
        started = time.monotonic()
        try:
            error = self.ask(number, text, seconds)
        except Unsent as unsent:
            self.skipped[number] = f"it cannot be run: {unsent}"
        except Lost as lost:
            self.skipped[number] = str(lost)
            self.drop()
            return False
        else:
            if error is not None:
                name, what = error
                what = self.too_long(seconds) if name == LATE else f"{name}: {what}" if what else name
                self.failed[number] = name, what
        finally:
            self.spent += time.monotonic() - started
        return True

    def too_long(self, seconds):
        """What is said of a cell that was given so many seconds and did not end."""
        if seconds < self.limits.cell_seconds:
            return f"it did not end before the notebook had used its {self.limits.notebook_seconds:g} s"
        return f"it did not end within {self.limits.cell_seconds:g} s"

    def drop(self):
        """Give the process up. A cell whose time was over has cost its limit once, and is not run again in the next."""
        self.skipped |= {number: text for number, (name, text) in self.failed.items() if name == LATE}
        self.close()

    def notes(self):
        """By the number of a cell, from 1, in order: why it did not run to its end."""
        found = {number: text for number, (_, text) in self.failed.items()} | self.skipped
        return {number + 1: text for number, text in sorted(found.items())}
