"""The reader of notebooks, which stands in `lecture_optim.check.notebook`."""

from lecture_optim.check.notebook import Notebook, NotebookError, read

__all__ = ["Notebook", "NotebookError", "read"]
