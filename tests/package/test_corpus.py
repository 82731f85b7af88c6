"""The corpus: the rules on made-up packages, the text of the installed ones, splits, subsets and every error."""

import gc
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import warnings
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from lecture_optim import corpus

EIGHT = "one two three four five six seven eight"
CHECKSUM = "f956302342c6eabe3bd5b0d9195a0618ae8d527b0292f268bbc7e506af52d827"


@pytest.fixture(scope="module")
def installed():
    return corpus.load()


@pytest.fixture
def packages(tmp_path):
    """A function that writes files {name: source} and returns the folders of the two made-up packages."""

    def write(files):
        files = {"numpy/__init__.py": f'"""{EIGHT} alpha"""', "sympy/__init__.py": f'"""{EIGHT} omega"""'} | files
        for name, source in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return tmp_path / "numpy", tmp_path / "sympy"

    return write


def words_of(made, i):
    return {made.vocabulary[j] for j in made.row(i)}


def texts_of(made, source):
    return [text for text, found in zip(made.texts, made.sources, strict=True) if found == source]


# --- the rules, on made-up packages ---------------------------------------------------------------------------------------


def test_the_row_of_a_paragraph_written_by_hand(packages):
    text = "The np.float64 ARRAY of numpy:\n    a 3x3 array_like, as in SymPy's `sympify`; see Lovász (2-norm)."
    made = corpus.read(*packages({"numpy/a.py": f'"""{text}"""'}))
    assert words_of(made, made.sources.index("numpy/a.py::")) == {
        *("the", "float", "array", "of", "like", "as", "in", "sympify", "see", "lovász", "norm")
    }


def test_a_paragraph_of_eight_words_is_kept_and_one_of_seven_is_not(packages):
    seven, repeated, own = EIGHT.removesuffix(" eight"), f"{EIGHT[:-6]} one one one", f"{EIGHT[:-6]} numpy np sympy NumPy x y z"
    made = corpus.read(*packages({"numpy/a.py": f'"""{EIGHT}\n\n{seven}\n\n{repeated}\n\n{own}"""'}))
    assert texts_of(made, "numpy/a.py::") == [EIGHT]


def test_docstrings_of_modules_classes_and_functions_wherever_they_stand_in_the_order_of_the_file(packages):
    places = [
        ("", "module"),
        ("A", "class A"),
        ("A.f", "method"),
        ("A.f.g", "nested function"),
        ("A.B", "nested class"),
        ("h", "coroutine"),
        ("body", "conditional"),
        ("other", "branch"),
        ("try_", "trial"),
        ("handler", "handler"),
        ("orelse", "success"),
        ("finally_", "ending"),
        ("case", "matched"),
        ("loop", "looping"),
        ("with_", "context"),
    ]
    # A number of x tells the paragraphs apart: rule 5 would drop the same words.
    doc = {name: f'"""{EIGHT} {"x" * (i + 2)} {note}"""' for i, (name, note) in enumerate(places)}
    source = f"""{doc[""]}
text = "{EIGHT} a string that is no docstring"
class A:
    {doc["A"]}
    def f(self):
        {doc["A.f"]}
        def g():
            {doc["A.f.g"]}
        "{EIGHT} an expression that is no docstring"
    class B:
        {doc["A.B"]}
async def h():
    {doc["h"]}
if text:
    def body():
        {doc["body"]}
else:
    def other():
        {doc["other"]}
try:
    def try_():
        {doc["try_"]}
except ValueError:
    def handler():
        {doc["handler"]}
else:
    def orelse():
        {doc["orelse"]}
finally:
    def finally_():
        {doc["finally_"]}
match text:
    case _:
        def case():
            {doc["case"]}
for _ in text:
    def loop():
        {doc["loop"]}
with open(text):
    def with_():
        {doc["with_"]}
"""
    made = corpus.read(*packages({"sympy/a.py": source}))
    found = [(s, t) for s, t in zip(made.sources, made.texts, strict=True) if s.startswith("sympy/a.py")]
    assert found == [(f"sympy/a.py::{name}", doc[name].strip('"')) for name, _ in places]


def test_a_docstring_is_split_at_blank_lines_and_paragraphs_with_doctests_are_left_out(packages):
    source = f'''def f():
    """First {EIGHT}
       and its  second\tline.

    Second {EIGHT}
    \t
    >>> third({EIGHT.replace(" ", ", ")})
    fourth {EIGHT}

    Fifth {EIGHT}
    """
'''
    made = corpus.read(*packages({"numpy/a.py": source}))
    assert texts_of(made, "numpy/a.py::f") == [f"First {EIGHT} and its second line.", f"Second {EIGHT}", f"Fifth {EIGHT}"]


def test_files_are_python_sources_outside_test_folders_and_distutils_in_the_order_of_their_names(packages):
    names = [
        *("numpy/B.py", "numpy/a.py", "numpy/a/c.py", "numpy/lib/distutils/h.py", "numpy/testing/d.py", "numpy/tests.py"),
        *("sympy/distutils/e.py", "sympy/testing/f.py"),
        *(
            "numpy/tests/g.py",
            "numpy/a/tests/data/g.py",
            "sympy/a/tests/g.py",
            "numpy/distutils/g.py",
            "numpy/a.pyi",
            "numpy/a.txt",
        ),
    ]
    letters = {name: "abcdefghijklmnop"[i] * 2 for i, name in enumerate(reversed(names))}
    made = corpus.read(*packages({name: f'"""{EIGHT} {letters[name]}"""' for name in names}))
    first, second = [f"{name}::" for name in names[:6]], [f"{name}::" for name in names[6:8]]
    assert list(made.sources) == [first[0], "numpy/__init__.py::", *first[1:], "sympy/__init__.py::", *second]


def test_a_parent_folder_called_tests_does_not_empty_the_corpus(tmp_path):
    for package in ("numpy", "sympy"):
        folder = tmp_path / "tests" / package
        folder.mkdir(parents=True)
        (folder / "a.py").write_text(f'"""{EIGHT}"""')
    assert len(corpus.read(tmp_path / "tests" / "numpy", tmp_path / "tests" / "sympy")) == 2


def test_of_the_same_words_the_first_paragraph_of_each_package_is_kept(packages):
    backwards = ", ".join(reversed(EIGHT.upper().split()))
    files = {f"{p}/{f}.py": f'"""{EIGHT}: {f}"""' for p in ("numpy", "sympy") for f in "ab"}
    made = corpus.read(*packages(files | {"numpy/c.py": f'"""{backwards}"""', "sympy/b.py": f'"""{backwards}"""'}))
    assert [(s, t) for s, t in zip(made.sources, made.texts, strict=True) if "__init__" not in s] == [
        ("numpy/a.py::", f"{EIGHT}: a"),
        ("sympy/a.py::", f"{EIGHT}: a"),
    ]
    assert made.labels.tolist() == [1.0, 1.0, -1.0, -1.0]


def test_line_ends_byte_order_marks_and_declared_encodings_do_not_matter(packages, tmp_path):
    source = f'"""{EIGHT} café\n\n    {EIGHT}\n  second\n"""\ndef f():\n    """{EIGHT} third\n\n       {EIGHT} naïve\n    """\n'
    variants = {
        "unix": source.encode(),
        "windows": source.replace("\n", "\r\n").encode(),
        "mark": b"\xef\xbb\xbf" + source.encode(),
        "latin": b"# -*- coding: latin-1 -*-\n" + source.encode("latin-1"),
    }
    sums = set()
    for content in variants.values():
        made = corpus.read(*packages({"numpy/a.py": content}))
        assert len(texts_of(made, "numpy/a.py::")) == 2
        sums.add(made.checksum)
    assert len(sums) == 1


def test_a_file_that_is_not_python_is_named(packages):
    folders = packages({"sympy/core/bad.py": "def f(:\n"})
    with pytest.raises(ValueError, match=r"sympy/core/bad\.py is not a Python file.*anew"):
        corpus.read(*folders)
    with pytest.raises(ValueError, match=r"sympy/core/bad\.py is not a Python file.*anew"):
        corpus.read(*packages({"sympy/core/bad.py": b'"""\xff"""'}))


def test_warnings_of_the_parser_are_silent(packages):
    folders = packages({"numpy/a.py": f'"""{EIGHT} \\d"""'})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(corpus.read(*folders)) == 3


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("source", ["", "def f(:"])
def test_garbage_collection_is_left_as_it_was(packages, on, source):
    was_on = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with pytest.raises(ValueError, match="not a Python file") if source else nullcontext():
            corpus.read(*packages({"numpy/a.py": source}))
        assert gc.isenabled() is on
    finally:
        (gc.enable if was_on else gc.disable)()


def test_a_folder_without_a_paragraph_is_named_by_its_argument(packages, tmp_path):
    numpy_folder, sympy_folder = packages({"sympy/__init__.py": '"""Too short."""'})
    with pytest.raises(ValueError, match=f"sympy_folder must be .* but '{re.escape(str(sympy_folder))}' holds no paragraph"):
        corpus.read(numpy_folder, sympy_folder)
    with pytest.raises(ValueError, match=r"numpy_folder must be .* holds no paragraph"):
        corpus.read(tmp_path / "missing", sympy_folder)


# --- the installed packages -----------------------------------------------------------------------------------------------


def test_the_installed_corpus_is_the_text_that_the_book_was_written_on(installed):
    folders = [importlib.metadata.distribution(name).locate_file(name) for name in corpus.VERSIONS]
    assert corpus.read(*folders).checksum == installed.checksum == CHECKSUM  # read now, and as it may be kept
    assert (len(installed), installed.d, int((installed.labels == 1).sum())) == (19_615, 11_551, 4_701)
    assert repr(installed) == "<Corpus of 19615 paragraphs, 4701 by NumPy and 14914 by SymPy, over 11551 words>"


def test_hand_checked_paragraphs_of_the_installed_packages(installed):
    by_hand = {
        ("numpy/lib/_twodim_base_impl.py::fliplr", "reverse"): "reverse the order of elements along axis left right",
        (
            "numpy/lib/_twodim_base_impl.py::fliplr",
            "equivalent",
        ): "notes equivalent to flip axis or requires the array be at least",
        ("numpy/matlib.py::eye", "ones"): "return matrix with ones on the diagonal and zeros elsewhere",
        ("sympy/core/exprtools.py::decompose_power", "power"): "decompose power into symbolic base and integer exponent",
        ("sympy/ntheory/factor_.py::smoothness", "power"): "the smoothness of is largest prime factor power divisor raised to "
        "its multiplicity",
    }
    for (source, word), expected in by_hand.items():
        rows = [words_of(installed, i) for i, s in enumerate(installed.sources) if s == source]
        assert set(expected.split()) in [row for row in rows if word in row]
    # The examples of fliplr, with the word "rng", are doctests; the docstring's other six paragraphs have eight words or more.
    assert len(texts_of(installed, "numpy/lib/_twodim_base_impl.py::fliplr")) == 6


def test_rows_are_the_words_of_the_texts_read_in_another_way(installed):
    assert list(installed.vocabulary) == sorted(set(installed.vocabulary))
    assert installed.indptr[0] == 0 and installed.indptr[-1] == installed.indices.size
    for i, text in enumerate(installed.texts):
        runs = "".join(c if c.isalpha() else " " for c in text.lower()).split()
        expected = sorted({run for run in runs if len(run) > 1} - {"numpy", "sympy", "np"})
        assert [installed.vocabulary[j] for j in installed.row(i)] == expected
        assert len(expected) >= 8 and ">>>" not in text
        assert installed.labels[i] == (1 if installed.sources[i].startswith("numpy/") else -1)


def test_counts_are_the_number_of_paragraphs_that_hold_each_word(installed):
    counts = np.zeros(installed.d, int)
    for i in range(len(installed)):
        counts[installed.row(i)] += 1
    assert np.array_equal(installed.counts, counts)
    assert counts.min() >= 1
    part = installed.subset([0])
    assert part.counts.shape == (installed.d,) and part.counts.sum() == part.row(0).size


def test_reading_prints_nothing_and_imports_neither_sympy_nor_a_progress_bar():
    code = "import sys; from lecture_optim import corpus; corpus.load(); assert not {'sympy', 'tqdm', 'scipy'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_loading_is_done_once_in_a_process_and_what_is_shared_cannot_be_changed(installed):
    assert corpus.load() is installed
    for array in (installed.labels, installed.indptr, installed.indices, installed.row(0)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


# --- kept for the next process --------------------------------------------------------------------------------------------


@pytest.fixture
def loaded(packages, tmp_path, monkeypatch):
    """A function that loads two made-up packages as a new process would, from a folder of its own for what is kept.

    It returns the corpus, whether the packages were read, and the files that are kept.
    """
    numpy_folder, _ = packages({})
    monkeypatch.setattr(corpus, "_folder", lambda name: numpy_folder.parent / name)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    read, calls = corpus.read, []
    monkeypatch.setattr(corpus, "read", lambda *folders, progress: calls.append(folders) or read(*folders, progress=progress))

    def load():
        monkeypatch.setattr(corpus, "_loaded", {})
        calls.clear()
        found = corpus.load()
        assert corpus.load() is found
        return found, bool(calls), sorted((tmp_path / "kept").rglob("*.npz"))

    return load


def fields_of(made):
    arrays = [(a.dtype, a.tolist(), a.flags.writeable) for a in (made.labels, made.indptr, made.indices)]
    return made.texts, made.sources, made.vocabulary, arrays


def test_what_was_read_is_kept_as_it_was(loaded, packages):
    packages({"sympy/ä.py": f'"""{EIGHT} Lovász\\x1c\\u2028\n\n{EIGHT} beta\\x00"""'})
    (first, was_read, files), (second, read_again, same_files) = loaded(), loaded()
    assert was_read and not read_again and len(files) == 1 and files == same_files
    assert fields_of(first) == fields_of(second) and len(first) == 4


@pytest.mark.parametrize("name", ["sympy/__init__.py", "numpy/new.py"])
def test_a_changed_or_a_new_file_is_read_and_what_was_kept_before_it_goes(loaded, packages, name):
    _, _, before = loaded()
    packages({name: f'"""{EIGHT} gamma"""'})
    found, was_read, after = loaded()
    assert was_read and "gamma" in found.vocabulary
    assert len(after) == 1 and after != before


@pytest.mark.parametrize("rest", [0, 1, 100, 500, -1])
def test_a_damaged_file_is_read_anew_and_mended(loaded, rest):
    first, _, (file,) = loaded()
    whole = file.read_bytes()
    file.write_bytes(whole[:rest])
    found, was_read, _ = loaded()
    assert was_read and fields_of(found) == fields_of(first)
    assert not loaded()[1]


def test_a_file_whose_bytes_were_changed_is_read_anew(loaded):
    first, _, (file,) = loaded()
    whole = file.read_bytes()
    assert whole.count(b"omega") > 1
    file.write_bytes(whole.replace(b"omega", b"omegb"))
    found, was_read, _ = loaded()
    assert was_read and fields_of(found) == fields_of(first)


@pytest.mark.parametrize("why", ["a file is in its way", "no modules are kept"])
def test_where_nothing_can_be_kept_it_is_read_each_time(loaded, tmp_path, monkeypatch, why):
    if why == "no modules are kept":
        monkeypatch.setattr(sys.implementation, "cache_tag", None)
    else:
        (tmp_path / "kept").write_text("")
    for _ in range(2):
        found, was_read, files = loaded()
        assert was_read and not files and len(found) == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "interrupted"])
def test_a_disk_that_is_full_and_an_interrupt_leave_nothing_behind(loaded, tmp_path, monkeypatch, error):
    def half(file, **fields):
        file.write(b"half")
        raise error

    monkeypatch.setattr(np, "savez", half)
    if isinstance(error, OSError):
        _, was_read, files = loaded()
        assert was_read and not files
    else:
        with pytest.raises(KeyboardInterrupt):
            loaded()
    assert not [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]


def test_the_versions_are_those_of_the_extra():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["corpus"] == [f"{name}=={version}" for name, version in corpus.VERSIONS.items()]


def test_progress_shows_a_bar_of_the_files(packages, capsys):
    corpus.read(*packages({}), progress=True)
    assert "2/2" in capsys.readouterr().err


# --- another installation -------------------------------------------------------------------------------------------------


def install(folder, name, version):
    """What pip leaves behind for a release of this name and version."""
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize(("name", "wanted", "found"), [("numpy", "2.4.6", "2.5.5"), ("sympy", "1.14.0", "1.13.3")])
def test_another_version_is_an_error_that_names_both_and_the_mend(name, wanted, found, tmp_path, monkeypatch):
    install(tmp_path, name, found)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError) as error:
        corpus.load()
    assert str(error.value) == (
        f'the corpus is the text of {name} {wanted}, but {name} {found} is installed: pip install "lecture_optim[corpus]"'
    )


def test_a_missing_sympy_is_an_error_that_names_the_extra(tmp_path, monkeypatch):
    install(tmp_path, "numpy", "2.4.6")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ImportError, match=r'sympy 1\.14\.0, which is not installed: pip install "lecture_optim\[corpus\]"'):
        corpus.load()


def test_a_missing_progress_bar_is_an_error_that_names_the_extra(packages, monkeypatch):
    for module in ("tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'progress=True needs tqdm: pip install "lecture_optim\[progress\]"'):
        corpus.read(*packages({}), progress=True)


# --- words and pieces -----------------------------------------------------------------------------------------------------


def test_words_are_looked_up_and_an_unknown_one_is_an_error_with_its_neighbours(installed):
    for name in ("array", installed.vocabulary[0], installed.vocabulary[-1]):
        assert installed.vocabulary[installed.word(name)] == name
    with pytest.raises(ValueError, match="name must be a word of the vocabulary, but is 'arrray'; the nearest: 'array'"):
        installed.word("arrray")
    with pytest.raises(ValueError, match="but is 'numpy'"):
        installed.word("numpy")
    with pytest.raises(ValueError, match="but is '\U0001d7ff\U0001d7ff'; the nearest: none"):
        installed.word("\U0001d7ff\U0001d7ff")
    with pytest.raises(ValueError, match="but is 3"):
        installed.word(3)


def test_a_subset_holds_the_paragraphs_asked_for_in_their_order_over_the_same_vocabulary(installed):
    rows = [15_000, 3, 19_614, 0, 3]
    part = installed.subset(np.array(rows))
    assert len(part) == 5 and part.vocabulary is installed.vocabulary
    for k, i in enumerate(rows):
        assert part.row(k).tolist() == installed.row(i).tolist()
        assert (part.texts[k], part.sources[k], part.labels[k]) == (installed.texts[i], installed.sources[i], installed.labels[i])
    assert installed.subset(range(len(installed))).checksum == installed.checksum
    assert part.checksum != installed.subset(rows[::-1]).checksum


def test_dense_is_one_where_the_paragraph_holds_the_word(installed):
    rows, columns = [7, 19_000, 0], [installed.word("the"), installed.word("array"), 0, installed.word("the")]
    dense = installed.dense(rows, columns)
    assert dense.dtype == np.float64
    assert dense.tolist() == [[float(c in installed.row(i)) for c in columns] for i in rows]
    assert dense.any() and not dense.all()
    assert np.array_equal(installed.dense(range(40), range(installed.d)).sum(1), np.diff(installed.indptr[:41]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "rows must hold at least one integer, but is empty"),
        ([0, -1], "rows must lie in 0 .. 19614, but holds -1"),
        ([0, 19_615], "rows must lie in 0 .. 19614, but holds 19615"),
        ([0.5], "rows must be a list of integers, but has shape (1,) and type float64"),
        ([[0, 1]], "rows must be a list of integers, but has shape (1, 2) and type int64"),
        (3, "rows must be a list of integers, but has shape () and type int64"),
        ([True, False], "type bool; np.flatnonzero makes one of a mask"),
    ],
)
def test_bad_rows_are_named(installed, rows, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        installed.subset(rows)
    with pytest.raises(ValueError, match=re.escape(message)):
        installed.dense(rows, [0])


def test_bad_columns_and_a_row_out_of_range_are_named(installed):
    with pytest.raises(ValueError, match=r"columns must lie in 0 \.\. 11550, but holds 11551"):
        installed.dense([0], [11_551])
    with pytest.raises(ValueError, match="columns must hold at least one integer, but is empty"):
        installed.dense([0], [])
    for i in (-1, len(installed)):
        with pytest.raises(IndexError, match=rf"i must lie in 0 \.\. 19614, but is {i}"):
            installed.row(i)


# --- splits ---------------------------------------------------------------------------------------------------------------


def keys(part):
    return list(zip(part.sources, part.texts, strict=True))


@pytest.mark.parametrize("by", ["file", "paragraph"])
def test_a_split_is_a_partition_into_a_shuffled_and_an_ordered_part(installed, by):
    train, test = installed.split(0, by=by)
    place = {key: i for i, key in enumerate(keys(installed))}
    first, second = ([place[key] for key in keys(part)] for part in (train, test))
    assert sorted(first + second) == list(range(len(installed)))
    assert second == sorted(second)
    # Were train in the corpus's order, every step would go up; in a random order half of them do.
    assert abs(np.mean(np.diff(first) > 0) - 0.5) < 0.02
    assert train.vocabulary is test.vocabulary is installed.vocabulary


def test_a_split_by_file_keeps_every_file_on_one_side_and_one_by_paragraph_does_not(installed):
    def shared(by):
        train, test = ({source.partition("::")[0] for source in part.sources} for part in installed.split(1, by=by))
        return len(train & test)

    assert shared("file") == 0
    assert shared("paragraph") > 100


@pytest.mark.parametrize("held_out", [0.05, 0.2, 0.5])
def test_held_out_is_the_share_of_each_package(installed, held_out):
    for label in (1, -1):
        files = Counter(
            source.partition("::")[0] for source in installed.subset(np.flatnonzero(installed.labels == label)).sources
        )
        wanted = held_out * files.total()
        for by, slack in (("paragraph", 0.5), ("file", max(files.values()) / 2)):
            _, test = installed.split(2, held_out, by)
            assert abs((test.labels == label).sum() - wanted) <= slack


@pytest.mark.parametrize("by", ["file", "paragraph"])
def test_a_seed_decides_the_split_and_a_generator_of_it_gives_the_same(installed, by):
    def sums(seed):
        return [part.checksum for part in installed.split(seed, by=by)]

    assert sums(5) == sums(5) == sums(np.int64(5)) == sums(np.random.default_rng(5))
    assert not set(sums(5)) & set(sums(6))


def test_a_train_part_can_be_split_again(installed):
    train, _ = installed.split(0)
    inner, validation = train.split(1, 0.1)
    assert sorted(keys(inner) + keys(validation)) == sorted(keys(train))


@pytest.mark.parametrize("held_out", [0, 1, -0.2, 1.5, float("nan"), float("inf"), "half"])
def test_a_bad_share_is_named(installed, held_out):
    with pytest.raises((ValueError, TypeError), match="held_out must be"):
        installed.split(0, held_out)


def test_a_bad_seed_and_a_bad_kind_of_split_are_named(installed):
    for seed in (None, 0.5, "0", np.random.RandomState(0)):
        with pytest.raises(TypeError, match=r"seed must be an int or a numpy\.random\.Generator, not"):
            installed.split(seed)
    with pytest.raises(ValueError, match="seed must be >= 0, but is -1"):
        installed.split(-1)
    with pytest.raises(ValueError, match="by must be 'file' or 'paragraph', but is 'docstring'"):
        installed.split(0, by="docstring")


def test_too_few_files_or_paragraphs_to_split_are_named(packages):
    made = corpus.read(*packages({"numpy/a.py": f'"""{EIGHT} beta"""'}))
    with pytest.raises(ValueError, match=r"by='file' needs two files of a package to split, but all of label -1 is one file"):
        made.split(0)
    with pytest.raises(ValueError, match=r"by='paragraph' needs two paragraphs of a package"):
        made.split(0, by="paragraph")


@pytest.mark.parametrize("held_out", [0.01, 0.99])
@pytest.mark.parametrize("by", ["file", "paragraph"])
def test_neither_part_of_a_split_is_empty(packages, held_out, by):
    made = corpus.read(*packages({f"{p}/a.py": f'"""{EIGHT} beta"""' for p in ("numpy", "sympy")}))
    assert [sorted(part.labels) for part in made.split(0, held_out, by)] == [[-1, 1], [-1, 1]]
