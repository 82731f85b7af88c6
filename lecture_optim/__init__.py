"""The package that an executable textbook on adaptive optimizers runs on; see `lecture_optim.optimizer` for a start."""

__version__ = "0.1.0"
