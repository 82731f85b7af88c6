"""A real data set that needs no download: the docstrings of NumPy 2.4.6 and SymPy 1.14.0. Who wrote this paragraph?

The rules, all of them:

1. Files: every .py file of the two installed packages, in the order of their names. Left out are folders called `tests`, and
   `numpy.distutils`, which the release has for Python 3.11 alone. Files are parsed, never imported.
2. Docstrings: those of modules, classes and functions, in the order of the file. What NumPy attaches to compiled functions at
   import (`add_newdoc`) is not a docstring of the source.
3. Paragraphs: a docstring split at blank lines, white space made single spaces; a paragraph with a doctest (`>>>`) is left out.
4. Words: the distinct lower-case runs of two letters or more, so that `np.float64` gives "float". The packages' own names,
   "numpy", "np" and "sympy", are left out: they would answer the question. A paragraph is kept where at least 8 words are left.
5. Repetitions: of the paragraphs of one package that have the same words, the first is kept. Notices and parameter lists are
   pasted up to 59 times; they would count one example many times and stand on both sides of a split.
6. Labels: +1 for NumPy, -1 for SymPy. Features: 1.0 for a word that is present, 0 for all others.
"""

import ast
import gc
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import warnings
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tempfile import NamedTemporaryFile
from zipfile import BadZipFile

import numpy as np

from lecture_optim import checks
from lecture_optim.progress import bar

__all__ = ["Corpus", "load", "read", "words"]

VERSIONS = {"numpy": "2.4.6", "sympy": "1.14.0"}
OWN_NAMES = {"numpy", "np", "sympy"}
LEAST_WORDS = 8

_WORD = re.compile(r"[^\W\d_]{2,}")
_BLANK_LINES = re.compile(r"\n\s*\n")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Where statements hold statements, in the order of the source. Expressions, most of a tree, hold no class or function.
_BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")

_loaded = {}


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """Paragraphs as rows of words, in the compressed sparse row form. Made by `load` or `read`; the arrays are read-only.

    texts: n paragraphs. sources: n places, such as "numpy/lib/_npyio_impl.py::savez". labels: (n,) floats, +1 for NumPy and
    -1 for SymPy. vocabulary: d words, sorted. indptr: (n + 1,) and indices: the words of paragraph i are
    indices[indptr[i] : indptr[i + 1]], in ascending order; each has the feature value 1.0, which is not stored.
    """

    texts: tuple
    sources: tuple
    labels: np.ndarray
    vocabulary: tuple
    indptr: np.ndarray
    indices: np.ndarray

    def __post_init__(self):
        for array in (self.labels, self.indptr, self.indices):
            array.flags.writeable = False

    def __len__(self):
        return len(self.texts)

    def __repr__(self):
        numpy = int((self.labels > 0).sum())
        return f"<Corpus of {len(self)} paragraphs, {numpy} by NumPy and {len(self) - numpy} by SymPy, over {self.d} words>"

    @property
    def d(self):
        """The number of words in the vocabulary, the dimension of the features."""
        return len(self.vocabulary)

    @property
    def counts(self):
        """(d,) integers: the number of paragraphs that hold each word. In a subset some are 0."""
        return np.bincount(self.indices, minlength=self.d)

    @property
    def checksum(self):
        """A SHA-256 digest, in hexadecimal, of the vocabulary, labels, sources and texts: the same on every machine."""
        rows = zip(self.labels, self.sources, self.texts, strict=True)
        lines = (f"{label:+.0f} {source} {text}" for label, source, text in rows)
        return hashlib.sha256("\n".join([*self.vocabulary, "", *lines]).encode()).hexdigest()

    def row(self, i):
        """The words of paragraph i as ascending indices into the vocabulary. Raises IndexError unless 0 <= i < n."""
        if not 0 <= i < len(self):
            raise IndexError(f"i must lie in 0 .. {len(self) - 1}, but is {i!r}")
        return self.indices[self.indptr[i] : self.indptr[i + 1]]

    def word(self, name):
        """The index of a word in the vocabulary. Raises ValueError for a word that is not there."""
        index = bisect_left(self.vocabulary, str(name))
        if index == self.d or self.vocabulary[index] != name:
            near = ", ".join(map(repr, get_close_matches(str(name), self.vocabulary)))
            raise ValueError(f"name must be a word of the vocabulary, but is {name!r}; the nearest: {near or 'none'}")
        return index

    def subset(self, rows):
        """The corpus of these paragraphs alone, in this order, over the same vocabulary.

        rows: integers in 0 .. n - 1. Raises ValueError for none, for others, and for an array that is not one of integers.
        """
        rows = self._checked("rows", rows, len(self))
        lengths = np.diff(self.indptr)[rows]
        indptr = np.concatenate(([0], np.cumsum(lengths)))
        # Position k of the new indices is k - indptr[j] into its row j, which starts at self.indptr[rows[j]].
        indices = self.indices[np.arange(indptr[-1]) + np.repeat(self.indptr[rows] - indptr[:-1], lengths)]
        texts, sources = (tuple(field[i] for i in rows) for field in (self.texts, self.sources))
        return Corpus(texts, sources, self.labels[rows], self.vocabulary, indptr, indices)

    def split(self, seed, held_out=0.2, by="file"):
        """Two corpora, (train, test): train in random order, test in the order of the corpus.

        seed: an int >= 0 or a `numpy.random.Generator`. held_out: the share in (0, 1) of each package's paragraphs that goes to
        test. by: "file" keeps the paragraphs of a file together and meets held_out as nearly as whole files can; "paragraph"
        draws each alone, so that near-copies and the names of one file stand on both sides and the test error flatters.
        Raises TypeError for another seed, ValueError for a bad held_out or by, and where a package has but one file (paragraph).
        """
        if not isinstance(seed, int | np.integer | np.random.Generator):
            raise TypeError(f"seed must be an int or a numpy.random.Generator, not {seed!r}")
        if not isinstance(seed, np.random.Generator):
            checks.at_least(0, seed=seed)
        checks.positive(held_out=held_out)
        checks.below_one(held_out=held_out)
        if by not in ("file", "paragraph"):
            raise ValueError(f"by must be 'file' or 'paragraph', but is {by!r}")
        rng = np.random.default_rng(seed)
        key = np.array([source.partition("::")[0] for source in self.sources]) if by == "file" else np.arange(len(self))
        train, test = [], []
        for label in np.unique(self.labels):
            rows = np.flatnonzero(self.labels == label)
            _, group, sizes = np.unique(key[rows], return_inverse=True, return_counts=True)
            if sizes.size == 1:
                raise ValueError(f"by={by!r} needs two {by}s of a package to split, but all of label {label:+.0f} is one {by}")
            order = rng.permutation(sizes.size)
            taken = 1 + np.argmin(abs(np.cumsum(sizes[order])[:-1] - held_out * rows.size))
            held = np.isin(group, order[:taken])
            train.append(rows[~held])
            test.append(rows[held])
        return self.subset(rng.permutation(np.concatenate(train))), self.subset(np.sort(np.concatenate(test)))

    def dense(self, rows, columns):
        """(len(rows), len(columns)) floats: 1.0 where the paragraph holds the word, else 0. For pieces: all is n * d * 8 bytes.

        rows: integers in 0 .. n - 1. columns: integers in 0 .. d - 1. Raises ValueError for others and for none.
        """
        rows, columns = self._checked("rows", rows, len(self)), self._checked("columns", columns, self.d)
        return np.array([np.isin(columns, self.row(i)) for i in rows], dtype=float)

    @staticmethod
    def _checked(name, values, bound):
        array = np.asarray(values)
        if array.size == 0:
            raise ValueError(f"{name} must hold at least one integer, but is empty")
        return checks.indices(name, array, bound)


def words(text):
    """The set of words of a text by rule 4 of this module: what a row of the corpus holds."""
    return set(_WORD.findall(text.lower())) - OWN_NAMES


def load(progress=False):
    """The corpus of the installed NumPy and SymPy; read once, kept for the next process, and shared in this one.

    It is kept beside the compiled modules of this package (in ``__pycache__``), under a name that changes with the rules and the
    packages' files, where that folder can be written. progress: True shows a bar while it is read (needs tqdm). Raises
    ImportError where a package (tqdm too) is missing or another version.
    """
    folders = tuple(_folder(package) for package in VERSIONS)
    if folders not in _loaded:
        place = _place(folders)
        found = place and _kept(place)
        if not found:
            found = read(*folders, progress=progress)
            if place:
                _keep(found, place)
        _loaded[folders] = found
    return _loaded[folders]


def read(numpy_folder, sympy_folder, progress=False):
    """The corpus of two package folders, by the rules of this module; the versions are not looked at.

    Raises ValueError for a folder without a paragraph and for a file that is not Python.
    """
    folders = {"numpy_folder": Path(numpy_folder), "sympy_folder": Path(sympy_folder)}
    files = [(name, folder, file) for name, folder in folders.items() for file in _files(folder)]
    kept = {name: {} for name in folders}
    with _no_garbage_collection():
        for name, folder, file in bar(files, progress, "reading", "file"):
            for source, text in _paragraphs(folder, file):
                row = frozenset(words(text))
                if len(row) >= LEAST_WORDS:
                    kept[name].setdefault(row, (source, text))
    for name, folder in folders.items():
        if not kept[name]:
            raise ValueError(f"{name} must be the folder of an installed package, but {str(folder)!r} holds no paragraph")
    rows = [row for found in kept.values() for row in found]
    sources, texts = zip(*(entry for found in kept.values() for entry in found.values()), strict=True)
    labels = np.repeat([1.0, -1.0], [len(found) for found in kept.values()])
    vocabulary = tuple(sorted(set().union(*rows)))
    index = {word: i for i, word in enumerate(vocabulary)}
    indptr = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    indices = np.array([i for row in rows for i in sorted(index[word] for word in row)])
    return Corpus(texts, sources, labels, vocabulary, indptr, indices)


def _place(folders):
    """The file that keeps the corpus of these folders, named after all that it depends on; None where there is no such place."""
    try:
        compiled = Path(importlib.util.cache_from_source(__file__))
        seen = hashlib.sha256(Path(__file__).read_bytes())
        for folder in folders:
            for name in _files(folder):
                about = (folder.parent / name).stat()
                seen.update(f"{folder} {name} {about.st_size} {about.st_mtime_ns}\n".encode())
    except (OSError, NotImplementedError):  # a package in a zip; a Python that keeps no compiled modules
        return None
    return compiled.with_name(f"{compiled.stem}.{seen.hexdigest()[:16]}.npz")


def _kept(place):
    """The corpus in that file; None where there is none or it is damaged."""
    try:
        with place.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            names = ("texts", "sources", "vocabulary")
            texts, sources, vocabulary = (tuple(bytes(kept[name]).decode().split("\n")) for name in names)
            return Corpus(texts, sources, kept["labels"], vocabulary, kept["indptr"], kept["indices"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _keep(corpus, place):
    """Writes the corpus to that file, whole or not at all, and removes what was kept before it."""
    fields = {name: getattr(corpus, name) for name in ("labels", "indptr", "indices")}
    for name in ("texts", "sources", "vocabulary"):  # no line ends in them: white space is single spaces
        fields[name] = np.frombuffer("\n".join(getattr(corpus, name)).encode(), np.uint8)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=place.parent, suffix=".npz", delete=False) as file:
            try:
                np.savez(file, **fields)
                file.close()
                os.chmod(file.name, 0o644)  # for all who use this installation
                os.replace(file.name, place)
            except BaseException:  # an interrupt too leaves no part behind
                os.unlink(file.name)
                raise
        for old in place.parent.glob(f"{place.name.split('.')[0]}.*.npz"):
            if old != place:
                old.unlink()
    except OSError:  # no room, or a folder that cannot be written: the next process reads anew
        pass


def _folder(package):
    """The folder of an installed package, checked to be the version that the corpus is made of."""
    wanted, mend = VERSIONS[package], 'pip install "lecture_optim[corpus]"'
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        raise ImportError(f"the corpus is the text of {package} {wanted}, which is not installed: {mend}") from None
    found = distribution.version
    if found != wanted:
        raise ImportError(f"the corpus is the text of {package} {wanted}, but {package} {found} is installed: {mend}")
    return Path(distribution.locate_file(package))


def _files(folder):
    """The files of rule 1, ordered by their names with "/" between folders, so that the order is that of every system."""
    names = sorted(path.relative_to(folder.parent).as_posix() for path in folder.rglob("*.py"))
    return [name for name in names if "tests" not in name.split("/") and not name.startswith("numpy/distutils/")]


def _paragraphs(folder, name):
    """(source, text) of every paragraph without a doctest in the file of this name."""
    try:
        with warnings.catch_warnings():
            # The parser warns of invalid escapes and the like, differently in each version of Python: not the reader's concern.
            warnings.simplefilter("ignore")
            tree = ast.parse((folder.parent / name).read_bytes(), name)
    except SyntaxError as error:
        raise ValueError(f"{name} is not a Python file ({error}); install its package anew") from error
    for qualified, docstring in _docstrings(tree):
        for paragraph in _BLANK_LINES.split(docstring):
            if ">>>" not in paragraph:
                yield f"{name}::{qualified}", " ".join(paragraph.split())


def _docstrings(tree):
    """(qualified name, docstring) of a module, its classes and functions, in the order of the file; "" names the module."""
    stack = [(tree, "")]
    while stack:
        node, name = stack.pop()
        if isinstance(node, _DOCUMENTED):
            if node is not tree:
                name = f"{name}.{node.name}" if name else node.name
            if docstring := ast.get_docstring(node):
                yield name, docstring
        stack += [(child, name) for block in reversed(_BLOCKS) for child in reversed(getattr(node, block, ()))]


@contextmanager
def _no_garbage_collection():
    """A syntax tree is many objects and no cycle: searching it for cycles as it grows takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
