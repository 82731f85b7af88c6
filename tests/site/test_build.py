"""What the build publishes, and that it publishes the same again."""

import os
import re
import shutil
import subprocess

import pytest
from _ext.site_style import pruned

from ..conftest import ON_CI
from .conftest import COMMAND, ROOT, build, copy_sources, frame_around
from .test_frame import PAGE

MEGABYTE = 1_000_000


def files(folder):
    """The paths of all files below a folder, relative to it."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def published(html):
    """The bytes of every file of a built site."""
    return {path.as_posix(): (html / path).read_bytes() for path in files(html)}


def same(again, before):
    """Assert that two sites that were published are the same; what differs is named."""
    assert sorted(again.keys() ^ before.keys()) == []
    assert [name for name in before if again[name] != before[name]] == []


def test_a_second_build_elsewhere_is_the_same(request, tmp_path):
    """The whole book on CI; elsewhere a page with everything stands for it."""
    sources = copy_sources if ON_CI else frame_around(PAGE)
    first = request.getfixturevalue("html") if ON_CI else build(tmp_path / "one place", sources)
    again = build(tmp_path / "another place", sources, TZ="Pacific/Kiritimati", PYTHONHASHSEED="7", LANG="C.UTF-8")
    same(published(again), published(first))


def test_building_again_changes_nothing(tmp_path):
    first = published(build(tmp_path, frame_around(PAGE)))
    same(published(build(tmp_path, lambda target: None)), first)


def test_a_changed_style_is_published(tmp_path):
    site = tmp_path / "site"
    build(site, frame_around("# Page\n"))
    with (site / "book/_static/book.css").open("a", encoding="utf-8") as style:
        style.write("\n.bd-article { --changed: 1 }\n")
    again = build(site, lambda target: None)
    assert "--changed: 1" in (again / "_static/site.css").read_text(encoding="utf-8")


TWO_PAGES = "format: jb-book\nroot: book/index\nchapters:\n- file: book/other\n"
OTHER = '# Other\n\n```{raw} html\n<div class="explorer claims"></div>\n```\n\n```{index} Something to be found\n```\n'


def two_pages(target):
    """Fill a folder with the book's frame, a page, and one with what has styles of its own."""
    frame_around("# Page\n")(target)
    (target / "_toc.yml").write_text(TWO_PAGES, encoding="utf-8")
    (target / "book/other.md").write_text(OTHER, encoding="utf-8")


def test_the_style_is_that_of_all_pages_whichever_are_written_anew(tmp_path):
    style = build(tmp_path, two_pages) / "_static/site.css"
    before = style.read_text(encoding="utf-8")
    assert re.search(r"\.explorer[ ,{]", before) and re.search(r"\.claims[ ,{>]", before) and "--rule-adam:" in before
    for page, text in (("index", "# Page\n\nMore.\n"), ("other", f"{OTHER}\nMore.\n")):
        (tmp_path / f"book/{page}.md").write_text(text, encoding="utf-8")
        build(tmp_path, lambda target: None)
        assert style.read_text(encoding="utf-8") == before


LINE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0L9 9" stroke="black"/></svg>'


def test_a_site_is_the_same_however_often_it_was_built_before(tmp_path):
    shutil.copyfile(ROOT / "CITATION.cff", tmp_path / "CITATION.cff")  # which names the files that are offered
    clean = published(build(tmp_path, two_pages))
    assert b"something to be found" in clean["searchindex.js"]
    (tmp_path / "book/index.md").write_text("# Page\n\n![A line.](line.svg)\n", encoding="utf-8")
    (tmp_path / "book/line.svg").write_text(LINE, encoding="utf-8")
    (tmp_path / "book/third.md").write_text("# Third\n", encoding="utf-8")
    (tmp_path / "_toc.yml").write_text(f"{TWO_PAGES}- file: book/third\n", encoding="utf-8")
    changed = published(build(tmp_path, lambda target: None, OFFER_DOWNLOADS="1"))
    assert changed["book/index.html"] != clean["book/index.html"]
    assert {"_images/line.svg", "book/third.html", "_sources/book/third.md"} == changed.keys() - clean.keys()
    (tmp_path / "book/index.md").write_text("# Page\n", encoding="utf-8")
    (tmp_path / "book/third.md").unlink()
    (tmp_path / "_toc.yml").write_text(TWO_PAGES, encoding="utf-8")
    again = published(build(tmp_path, lambda target: None))
    same(again, clean)


def test_a_rule_is_left_out_as_a_whole():
    kept = ".a :is(th, td:not(:last-child)) { x: y }"
    assert pruned(f".a :is(th, td:not(:last-child)) .gone {{ x: y }}{kept}.gone, {kept}", {"a"}) == f"{kept} {kept}"


ONE_PAGE_S_OWN = """
def setup(app):
    app.connect("html-page-context", lambda app, name, *_: name == "book/other" and app.add_css_file("own.css"))
"""


def test_a_style_for_one_page_stops_the_build_with_a_reason(tmp_path):
    def own_style(target):
        two_pages(target)
        (target / "book/_ext/own_style.py").write_text(ONE_PAGE_S_OWN, encoding="utf-8")
        config = target / "_config.yml"
        config.write_text(config.read_text("utf-8").replace("      - tips\n", "      - tips\n      - own_style\n"), "utf-8")

    with pytest.raises(AssertionError, match=r"book/other: own\.css is for some pages only"):
        build(tmp_path, own_style)


def test_the_parts_that_took_longest_are_shown_on_request(tmp_path):
    frame_around("# Page\n")(tmp_path)
    unasked = {name: value for name, value in os.environ.items() if name != "SLOWEST"}  # which `make test SLOWEST=10` asks
    for count, environment in ((2, {"SLOWEST": "2"}), (0, {})):
        done = subprocess.run(COMMAND, cwd=tmp_path, env=unasked | environment, capture_output=True, text=True)
        parts = re.findall(r"^ +(\d+\.\d) s  (.+)$", done.stdout, re.MULTILINE)
        assert len(parts) == count + bool(count), done.stdout + done.stderr
        shutil.rmtree(tmp_path / "_build")
        if count:
            (longest, _), (next_one, _), (together, name) = parts
            assert name == "all" and 0 < float(next_one) <= float(longest) < float(together)


def test_nothing_is_published_that_no_page_needs(html):
    names = {path.as_posix() for path in files(html)}
    assert [name for name in names if name.endswith((".map", ".po", ".mo", "/fontawesome.js"))] == []
    assert not any(name.startswith("book/src") or "/.ipynb_checkpoints/" in name for name in names)
    frame = sum((html / name).stat().st_size for name in names if name.startswith("_static/"))
    assert frame < 3 * MEGABYTE
    linked = {
        link
        for page in html.rglob("*.html")
        for link in re.findall(r'href="(?:\.\./)*(_static/[^"?]+\.css)', page.read_text("utf-8"))
    }
    assert {name for name in names if name.endswith(".css")} == linked >= {"_static/site.css"}
    # Whatever lies among the pages' own files, MathJax aside, is named by a page, a script or the style.
    readers = [path for path in html.rglob("*") if path.suffix in {".html", ".js", ".css"} and "mathjax" not in path.parts]
    told = "".join(path.read_text("utf-8") for path in readers)
    own = [name for name in names if name.startswith("_static/") and not name.startswith("_static/mathjax/")]
    assert [name for name in own if name.rpartition("/")[2] not in told] == []
    assert not any("fontawesome" in name for name in names)


def test_the_source_of_every_page_can_be_downloaded(html):
    for path in html.joinpath("book").rglob("*.html"):
        (link,) = set(re.findall(r'href="([^"]*_sources/[^"]+)"', path.read_text(encoding="utf-8")))
        assert (path.parent / link).resolve().is_file()


def test_no_page_tells_where_it_was_built(html):
    root = html.parents[1].as_posix()
    told = [path for path in html.rglob("*.html") if root in path.read_text(encoding="utf-8")]
    assert told == []
