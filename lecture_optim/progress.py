"""Progress bars on request: one place that needs tqdm."""

__all__ = ["bar"]


def bar(steps, progress, what, unit):
    """``steps``, an iterable, under a progress bar where ``progress`` is true, else as it is.

    Raises ImportError that names the extra where tqdm is missing.
    """
    if not progress:
        return steps
    try:
        # Not tqdm.auto, which warns in a notebook without ipywidgets.
        from tqdm import tqdm
    except ImportError:
        raise ImportError('progress=True needs tqdm: pip install "lecture_optim[progress]"') from None
    return tqdm(steps, desc=what, unit=unit)
