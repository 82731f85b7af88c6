"""What readers take away: the zip, the page that offers it and the PDF, how the book is cited, what Lighthouse is told."""

import re
import shutil
import tomllib
import zipfile

import pytest
from publish import lighthouse
from publish.archive import make_zip
from publish.sources import PublishError, citation, pdf_path, zip_path

from .conftest import ROOT, build, frame_around

PAGE = "# Page\n\n```{downloads}\n```\n\n```{citation}\n```\n"


def site(folder):
    """A folder with a small built site."""
    html = folder / "_build/html"
    for name in ("index.html", "book/b.html", "book/a.html", ".buildinfo"):
        (html / name).parent.mkdir(parents=True, exist_ok=True)
        (html / name).write_text(f"the page {name}", encoding="utf-8")
    shutil.copyfile(ROOT / "CITATION.cff", folder / "CITATION.cff")
    return folder


def test_two_zips_of_one_site_are_the_same_and_hold_it_below_one_folder(tmp_path):
    first, second = (make_zip(site(tmp_path / name)) for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {name.removeprefix(f"{first.stem}/") for name in names} == {"index.html", "book/a.html", "book/b.html"}
        assert archive.read(f"{first.stem}/book/a.html") == b"the page book/a.html"
        released = str(citation(tmp_path / "one")["date-released"])
        assert {"{:04}-{:02}-{:02}".format(*entry.date_time) for entry in archive.infolist()} == {released}


def test_what_is_missing_is_named(tmp_path):
    shutil.copyfile(ROOT / "CITATION.cff", tmp_path / "CITATION.cff")
    with pytest.raises(PublishError, match="run `make book` first"):
        make_zip(tmp_path)
    (tmp_path / "CITATION.cff").write_text("title: x\n", encoding="utf-8")
    with pytest.raises(PublishError, match=r"CITATION.cff lacks version, date-released, authors, license"):
        citation(tmp_path)


def test_citation_changelog_and_package_tell_of_one_release():
    fields = citation(ROOT)
    newest = re.search(r"^## (\S+) - (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest.groups() == (str(fields["version"]), str(fields["date-released"]))
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == fields["version"]


def test_the_date_can_be_given(tmp_path, monkeypatch):
    for given, written in (("1000000000", (2001, 9, 9, 1, 46, 40)), ("0", (1980, 1, 1, 0, 0, 0))):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", given)
        with zipfile.ZipFile(make_zip(site(tmp_path))) as archive:
            assert archive.infolist()[0].date_time == written
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(PublishError, match="SOURCE_DATE_EPOCH must be a whole number"):
        make_zip(site(tmp_path))


def with_citation(page):
    def sources(target):
        frame_around(page)(target)
        shutil.copyfile(ROOT / "CITATION.cff", target / "CITATION.cff")
        config = (target / "_config.yml").read_text(encoding="utf-8")
        config = config.replace("    html_title:", "    downloads_page: book/index\n    html_title:", 1)
        (target / "_config.yml").write_text(config, encoding="utf-8")

    return sources


def test_the_files_are_offered_only_where_they_were_made(tmp_path):
    root = tmp_path / "site"
    html = build(root, with_citation(PAGE))
    text = (html / "book/index.html").read_text(encoding="utf-8")
    assert "has neither the PDF nor the zip" in text
    assert citation(ROOT)["version"] in text
    assert "@book{adaptive-optimizers-checked," in re.sub("<[^>]+>", "", text)
    with pytest.raises(AssertionError, match=r"is to be offered for download, but it is not there: run `make site`"):
        build(root, lambda target: (target / "book/index.md").touch(), OFFER_DOWNLOADS="1")
    for path in (pdf_path(root), zip_path(root)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"made")
    build(root, lambda target: None, OFFER_DOWNLOADS="1")
    text = (html / "book/index.html").read_text(encoding="utf-8")
    for path in (pdf_path(root), zip_path(root)):
        assert f"../_downloads/book/{path.name}" in text
        assert (html / "_downloads/book" / path.name).read_bytes() == b"made"
    build(root, lambda target: None)
    assert "has neither the PDF nor the zip" in (html / "book/index.html").read_text(encoding="utf-8")
    assert not (html / "_downloads/book").exists()


def test_lighthouse_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(PublishError, match=r"no `node` on the path: install Node\.js"):
        lighthouse.program(tmp_path)
    with pytest.raises(PublishError, match=r"the site has no page book/none\.html"):
        lighthouse.measure("book/none.html", site(tmp_path))
