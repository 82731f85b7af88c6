"""Reports, gradebook, marks and summary say what was found, and nothing that a stranger wrote gets out of its place."""

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import pytest

from lecture_optim.check import course as courses
from lecture_optim.check.testing import Outcome
from lecture_optim.grading import markup, report, runner, sheets
from lecture_optim.grading.summary import summary_page

from . import miniature

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"&lt;</style></main><a href='https://evil.example/'>\u202egpj.exe\x00\x1b[31m"
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "a", "ul", "li", "div",
    "span", "strong", "bdi", "code", "table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "rect",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "dir", "scope", "viewbox", "preserveaspectratio",
    "aria-hidden", "focusable", "width", "height",
}  # fmt: skip


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return courses.load(miniature.write(tmp_path_factory.mktemp("reports") / "course")).assignment("small")


def outcomes(q1=(True, True), message="twice is not right", mistake="the square is taken", secret="SECRET-NUMBER 4711"):
    return (
        Outcome("Twice an array", 2, q1[0], True, "" if q1[0] else message, None if q1[0] else mistake),
        Outcome("Twice nothing", 1, q1[1], False, "" if q1[1] else secret, None if q1[1] else "SECRET-MISTAKE"),
    )


def result(q1=(True, True), q2=True, essay="Some thoughts.", digest="d" * 64, notes=(), **texts):
    found = outcomes(q1, **texts)
    number = Outcome(
        "The number", 2, q2, True, "" if q2 else "half is 2, and that is too large.", None if q2 else "the double is given"
    )
    questions = (
        runner.QuestionResult("q1", 3, "graded", sum(o.earned for o in found), "", found),
        runner.QuestionResult("q2", 2, "graded", number.earned, "", (number,)),
        runner.QuestionResult("q3", 4, "essay", essay=essay),
    )
    return runner.Result("small", digest, "graded", "", questions, tuple(notes))


def record(assignment, found=None, student="Anna", id="anna-1", **more):
    return report.record(found or result(), assignment, student=student, id=id, key="k", **more)


def rows(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


class Reader(HTMLParser):
    """What a browser would make of a page: its tags, attributes and text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.links, self.said, self.style = set(), set(), [], "", False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value for name, value in attributes if name in ("href", "src")]
        self.style = tag == "style"
        self.said += " " * (tag in ("th", "td"))  # a table keeps its cells apart

    def handle_data(self, data):
        if not self.style:
            self.said += data
        self.style = False


def pages(assignment):
    """A report and a summary in which every text of a stranger is hostile."""
    note = runner.CellNote(2, EVIL)
    hostile = record(
        assignment, result((False, False), False, EVIL, notes=[note], message=EVIL, mistake=EVIL), student=EVIL, id="evil-1"
    )
    mark = {"criterion": EVIL, "possible": 4, "mark": 3, "comment": EVIL}
    hostile = report.marked(hostile, {"q3": [mark]})
    unread = report.unread(assignment, EVIL, student=EVIL, id="evil-2")
    return [report.student_page(hostile), report.student_page(unread), summary_page([hostile, unread], assignment)]


# --------------------------------------------------------------------------------------------------- what a student sees


def test_a_report_says_for_each_test_whether_it_was_passed_and_what_was_seen(assignment):
    said = Reader(report.student_page(record(assignment, result((False, True), True)))).said
    for words in ("3 of 5 points", "not passed", "Twice an array", "twice is not right", "the square is taken", "Some thoughts."):
        assert words in said
    assert "not in this sum yet, as a person reads it: q3 (4 points)" in said.lower()


def test_nothing_of_a_hidden_test_but_its_title_reaches_a_student(assignment):
    found = record(assignment, result((True, False)))
    assert "SECRET" in report.as_json(found), "the teacher's record has it"
    for seen in (report.student_page(found), report.as_json(report.for_student(found))):
        assert "SECRET" not in seen and "Twice nothing" in seen


def test_the_words_of_the_grader_about_a_fault_are_the_teachers(assignment):
    question = runner.QuestionResult(
        "q1", 3, "ungraded", None, "Twice nothing: the test raised ValueError: SECRET", outcomes()[:1]
    )
    found = record(assignment, runner.Result("small", "d" * 64, "graded", "", (question,)))
    page = report.student_page(found)
    assert "SECRET" not in page and "SECRET" not in report.as_json(report.for_student(found))
    assert "not tested" in page and "could not be carried out" in page and "0 of 3 points" not in page
    assert "SECRET" in summary_page([found], assignment)
    broken = report.unread(assignment, "the jail failed: SECRET", student="A", id="a", fault=True)
    assert "SECRET" not in report.student_page(broken) + report.as_json(report.for_student(broken))


def test_a_test_that_failed_itself_is_not_tested_and_no_wrong_answer(assignment):
    fault = Outcome("Twice an array", 2, False, True, fault="the test raised ValueError: SECRET")
    question = runner.QuestionResult("q1", 3, "ungraded", None, "SECRET", (fault, outcomes()[1]))
    found = record(assignment, runner.Result("small", "d" * 64, "graded", "", (question,)))
    page = Reader(report.student_page(found)).said
    assert re.search(r"not tested\s+Twice an array", page) and re.search(r"passed\s+Twice nothing", page)
    assert "not passed" not in page and "Not in this sum, as it could not be graded: q1 (3 points)." in page
    assert report.state(found) == "ungraded in part: q1" and report.sums(found) == (0, 0)
    assert [test["passed"] for test in report.for_student(found)["questions"][0]["tests"]] == [None, True]


def test_what_a_student_can_do_is_said_where_it_is_the_notebook_and_only_there(assignment):
    again = "Hand the notebook in again"
    assert again in report.student_page(report.unread(assignment, "the file is empty", student="A", id="a"))
    assert again not in report.student_page(report.unread(assignment, "the jail failed", student="A", id="a", fault=True))


def test_a_page_says_what_each_test_gave_which_cells_stopped_and_which_file_it_was(assignment):
    notes = [runner.CellNote(2, "ValueError: no"), runner.CellNote(5, "it took too long")]
    page = " ".join(Reader(report.student_page(record(assignment, result((False, True), notes=notes)))).said.split())
    assert "not passed Twice an array · 0 of 2 points" in page and "passed Twice nothing (a hidden test) · 1 of 1 point" in page
    assert "1 of 3 points" in page and "2 of 2 points" in page
    assert "Code cell 2: ValueError: no" in page and "Code cell 5: it took too long" in page
    assert f"the SHA-256 {'d' * 64}" in page
    assert "Cells that did not run" not in report.student_page(record(assignment))


def test_the_words_of_a_course_are_shown_as_they_are(tmp_path):
    course, tests = miniature.COURSE, miniature.TESTS
    course = course.replace('title = "Small"', 'title = "<i>Small</i>"').replace('title = "Twice"', 'title = "a < b & <b>c</b>"')
    tests = tests.replace('title="Twice an array"', 'title="m < v & <b>so on</b>"')
    found = courses.load(miniature.write(tmp_path, course=course, tests=tests)).assignment("small")
    made = (Outcome("m < v & <b>so on</b>", 2, False, True, "no", None), outcomes()[1])
    questions = (runner.QuestionResult("q1", 3, "graded", 1, "", made), runner.QuestionResult("q3", 4, "essay", essay="e"))
    made = record(found, runner.Result("small", "d" * 64, "graded", "", questions))
    for page in (report.student_page(made), summary_page([made], found)):
        seen = Reader(page)
        assert not seen.tags & {"i", "b"}
        assert "a < b & <b>c</b>" in seen.said and "m < v & <b>so on</b>" in seen.said and "<i>Small</i>" in seen.said


def test_ungraded_is_said_plainly_and_is_no_nought(assignment):
    page = Reader(report.student_page(report.unread(assignment, "the file is empty", student="A", id="a"))).said
    assert "ungraded: the file is empty" in page and "Nothing was counted as 0" in page and "0 of" not in page


def test_an_unanswered_question_says_so_once(assignment):
    found = result((False, True), message="It is missing.", mistake="not answered yet")
    page = Reader(report.student_page(record(assignment, found))).said
    assert page.count("It is missing.") == 1 and "known mistake" not in page


def test_an_unanswered_question_says_so_once_however_many_tests_it_has(tmp_path):
    more = "\n\n@test('q1', points=1, title='Twice more')\ndef more(answer, rng):\n    pass\n"
    found = courses.load(miniature.write(tmp_path, tests=miniature.TESTS + more)).assignment("small")
    tests = tuple(
        Outcome(test.title, test.points, False, test.visible, "It is missing.", "not answered yet")
        for test in found.tests()["q1"]
    )
    questions = (runner.QuestionResult("q1", 4, "graded", 0, "", tests),)
    page = Reader(report.student_page(record(found, runner.Result("small", "d" * 64, "graded", "", questions)))).said
    assert page.count("It is missing.") == 1 and page.count("not passed") == 3


@pytest.mark.parametrize("place", range(3), ids=["report", "unread", "summary"])
def test_no_word_of_a_stranger_becomes_markup(assignment, place):
    page = pages(assignment)[place]
    seen = Reader(page)
    assert seen.tags <= TAGS and seen.attributes <= ATTRIBUTES
    assert all(link.startswith("#") for link in seen.links)
    assert "alert(1)" in seen.said, "it is shown as text"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page)
    assert "url(" not in page and "@import" not in page


def test_a_page_allows_its_own_style_and_nothing_else(assignment):
    page = report.student_page(record(assignment))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert page.index("Content-Security-Policy") < page.index("<title>")


def test_json_is_ascii_in_one_order_and_reads_back(assignment):
    found = record(assignment, student="李\ud800")
    text = report.as_json(report.for_student(found))
    assert text.isascii() and json.loads(text)["student"] == "李\N{REPLACEMENT CHARACTER}"
    assert report.as_json(json.loads(text)) == text


# ---------------------------------------------------------------------------------------------------------- the gradebook


def test_the_gradebook_has_each_question_and_no_total_that_is_not_whole(assignment):
    open_, marked = record(assignment, id="b"), record(assignment, id="a", student="Ben")
    marked = report.marked(marked, {"q3": [{"criterion": "all", "possible": 4, "mark": 2.5, "comment": ""}]})
    unread = report.unread(assignment, "the file is empty", student="Cem", id="c")
    first, second, third = rows(sheets.gradebook([unread, open_, marked], assignment))
    assert first | {"state": ""} == {
        "student": "Ben", "id": "a", "state": "", "q1": "3", "q2": "2", "q3": "2.5",
        "points so far": "7.5", "total": "7.5", "of": "9",
    }  # fmt: skip
    assert (second["state"], second["q3"], second["points so far"], second["total"]) == ("essays to mark: q3", "", "5", "")
    assert (third["state"], third["q1"], third["total"]) == ("ungraded: the file is empty", "", "")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1", "\uff1d1", "=cmd|' /C calc'!A0"])
def test_no_cell_of_a_table_is_a_formula(assignment, name):
    found = record(assignment, result(essay=name), student=name)
    for data in (sheets.gradebook([found], assignment), sheets.essays([found], assignment)):
        cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in row]
        assert not [cell for cell in cells if cell.strip()[:1] in ("=", "+", "-", "@", "\uff1d")]


@pytest.mark.parametrize("words", ["clear; -x is named", "=1; =2", "a\t+b", "plain; text", "; = 1"])
def test_what_is_disarmed_in_a_table_comes_back_as_it_was(assignment, words):
    found = record(assignment)
    criterion = rows(sheets.essays([found], assignment))[0]["criterion"]
    found = report.marked(found, {"q3": [{"criterion": criterion, "possible": 4, "mark": 2.5, "comment": words}]})
    data = sheets.essays([found], assignment)
    assert words not in data.decode("utf-8-sig") or words == "plain; text"
    assert sheets.read_marks(data, [found], assignment)["anna-1"]["q3"][0]["comment"] == words.strip()


# ------------------------------------------------------------------------------------------------------------- the marks


def sheet(assignment, found, **changed):
    """The sheet of one record with cells changed, as bytes."""
    table = rows(sheets.essays([found], assignment))
    out = io.StringIO()
    writer = csv.DictWriter(out, sheets.COLUMNS)
    writer.writeheader()
    writer.writerows(row | changed for row in table)
    return out.getvalue().encode()


def test_both_ways_to_write_a_marking_scheme_give_its_criteria():
    scheme = "Six points.\n\n- **What is right (2).** Text (1).\n- **2 points: readings.** More.\n- **Two streams, with (2).** x"
    assert sheets.criteria(scheme, 6) == [("What is right", 2), ("readings", 2), ("Two streams, with", 2)]
    assert sheets.criteria(scheme, 7) == [("the whole essay", 7)], "points that do not add up are not used"
    assert sheets.criteria("Free text.", 4) == [("the whole essay", 4)]
    for names in ("- **Same (2).**\n- **Same (2).**", "- **(2)**\n- **Other (2).**"):
        assert sheets.criteria(names, 4) == [("the whole essay", 4)], "a criterion needs a name of its own"


def test_marks_come_back_from_a_spreadsheet_of_another_country(assignment):
    found = record(assignment)
    data = sheet(assignment, found, mark="2,5", comment="Well; said").replace(b"\r\n", b"\n")
    table = list(csv.reader(io.StringIO(data.decode(), newline="")))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(table)
    marks = sheets.read_marks(out.getvalue().encode("utf-8-sig"), [found], assignment)
    found = report.marked(found, marks["anna-1"])
    assert report.sums(found) == (7.5, 9) and report.state(found) == "graded"
    assert "Well; said" in report.student_page(found) and "2.5" in report.student_page(found)
    assert rows(sheets.essays([found], assignment))[0]["mark"] == "2.5", "a new sheet has the marks that were given"


TWO = """Four points.

- **A thought (3).** Of one's own.
- **Its words (1).** Few.
"""


@pytest.fixture(scope="module")
def scheme(tmp_path_factory):
    """The assignment with two criteria for its essay."""
    text = miniature.SOURCE.replace("Two points for a thought of one's own.\n", TWO)
    return courses.load(miniature.write(tmp_path_factory.mktemp("scheme"), source=text)).assignment("small")


def given(name, possible, mark, comment=""):
    return {"criterion": name, "possible": possible, "mark": mark, "comment": comment}


def test_an_essay_counts_when_each_of_its_criteria_is_marked(scheme):
    found = record(scheme)
    table = rows(sheets.essays([found], scheme))
    assert [(row["criterion"], row["possible"], row["essay"]) for row in table] == [
        ("A thought", "3", "Some thoughts."), ("Its words", "1", ""),
    ], "the essay stands once"  # fmt: skip
    half = report.marked(found, {"q3": [given("A thought", 3, 0, "none"), given("Its words", 1, None)]})
    assert report.sums(half) == (5, 5) and report.state(half) == "essays to mark: q3" and report.is_open(half) == ["q3"]
    assert rows(sheets.gradebook([half], scheme))[0]["q3"] == ""
    page = " ".join(Reader(report.student_page(half)).said.split())
    assert "A thought 0 3 Its words – 1" in page and "A thought: none" in page and "q3 (4 points)" in page
    assert [row["mark"] for row in rows(sheets.essays([half], scheme))] == ["0", ""], "a 0 is a mark"
    whole = report.marked(found, {"q3": [given("A thought", 3, 0), given("Its words", 1, 0.5)]})
    assert report.sums(whole) == (5.5, 9) and report.state(whole) == "graded" and report.is_open(whole) == []
    assert "5.5 of 9 points" in Reader(report.student_page(whole)).said


def test_marks_and_comments_that_were_given_stand_on_the_next_sheet(scheme):
    found = record(scheme)
    data = sheets.essays([found], scheme)
    table = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for row, mark, comment in zip(table[1:], ("3", "0"), ("Well; said", "- and why?"), strict=True):
        row[5:7] = [mark, comment]
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows(table)
    read = sheets.read_marks(out.getvalue().encode("utf-8-sig"), [found], scheme)
    assert [(mark["mark"], mark["comment"]) for mark in read["anna-1"]["q3"]] == [(3, "Well; said"), (0, "- and why?")]
    again = sheets.essays([report.marked(found, read["anna-1"])], scheme)
    assert sheets.read_marks(again, [found], scheme) == read


@pytest.mark.parametrize(("mark", "sum_"), [("0", 5), ("4", 9), ("4.0", 9), ("0.25", 5.25)])
def test_a_mark_from_nothing_to_all_is_taken(assignment, mark, sum_):
    found = record(assignment)
    read = sheets.read_marks(sheet(assignment, found, mark=mark), [found], assignment)
    assert report.sums(report.marked(found, read["anna-1"])) == (sum_, 9)


def test_every_wrong_row_of_a_sheet_is_told_at_once(assignment):
    class_ = [record(assignment, id=id) for id in ("a", "b")]
    table = rows(sheets.essays(class_, assignment))
    out = io.StringIO()
    writer = csv.DictWriter(out, sheets.COLUMNS)
    writer.writeheader()
    writer.writerows([table[0] | {"mark": "4.5"}, dict.fromkeys(sheets.COLUMNS, ""), table[1] | {"mark": "x"}])
    with pytest.raises(sheets.SheetError) as raised:
        sheets.read_marks(out.getvalue().encode(), class_, assignment, "m.csv")
    assert str(raised.value).splitlines() == [
        "m.csv, row 2: the mark 4.5 is not between 0 and 4",
        "m.csv, row 4: the mark 'x' is not a number; write one from 0 to 4, or leave it empty",
    ]


def test_a_row_of_an_essay_that_was_changed_says_nothing_while_it_has_no_mark(assignment):
    found = record(assignment)
    assert sheets.read_marks(sheet(assignment, found, version="v0"), [found], assignment) == {}


def test_essays_stand_by_question_and_student_and_a_long_one_fits_a_cell(assignment):
    class_ = [record(assignment, result(essay=text), id=id) for id, text in (("c", "x" * 40_000), ("a", ""), ("b", "y" * 30_000))]
    unread = report.unread(assignment, "the file is empty", student="D", id="d")
    data = sheets.essays([*class_, unread], assignment)
    assert data.startswith(b"\xef\xbb\xbf"), "without its mark Excel reads another alphabet"
    assert sheets.gradebook(class_, assignment).startswith(b"\xef\xbb\xbf")
    table = {row["id"]: row["essay"] for row in rows(data)}
    assert list(table) == ["a", "b", "c"] and table["b"] == "y" * 30_000
    assert table["a"] == "(no text was found below the marker: look into the notebook)"
    assert table["c"] == "x" * 30_000 + "\n(cut here: the whole text stands in the report)"
    marks = sheets.read_marks(data, class_, assignment)
    assert marks == {"a": {"q3": []}, "b": {"q3": []}, "c": {"q3": []}}, "what is cut is the same essay all the same"


def test_an_empty_mark_is_not_marked_yet(assignment):
    found = record(assignment)
    assert sheets.read_marks(sheets.essays([found], assignment), [found], assignment) == {"anna-1": {"q3": []}}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mark": "9"}, "row 2: the mark 9 is not between 0 and 4"),
        ({"mark": "-1"}, "row 2: the mark -1 is not between 0 and 4"),
        ({"mark": "good"}, "row 2: the mark 'good' is not a number; write one from 0 to 4"),
        ({"mark": "nan"}, "row 2: the mark 'nan' is not a number"),
        ({"mark": "1e999999999"}, "row 2: the mark '1e999999999' is not a number"),
        ({"id": "nobody-1"}, "row 2: no submission has the id 'nobody-1'; copy it from gradebook.csv"),
        ({"question": "q1"}, "row 2: 'q1' of anna-1 is no essay; the essays are q3"),
        ({"possible": "3", "mark": "1"}, "row 2: the criteria of q3 of anna-1 add up to 3 points, and the question has 4"),
        ({"possible": "many"}, "row 2: the points possible are 'many'"),
        ({"version": "v0", "mark": "1"}, "row 2: the essay was changed since this sheet was made; make a new sheet"),
    ],
)
def test_a_wrong_row_is_named_with_its_mend(assignment, changed, said):
    found = record(assignment)
    with pytest.raises(sheets.SheetError, match=re.escape(f"marks.csv, {said}")):
        sheets.read_marks(sheet(assignment, found, **changed), [found], assignment, "marks.csv")


def test_a_row_that_stands_twice_is_named(assignment):
    found = record(assignment)
    data = sheet(assignment, found, mark="1")
    with pytest.raises(sheets.SheetError, match="row 3: 'the whole essay' of anna-1 stands in row 2 already; delete one"):
        sheets.read_marks(data + data.split(b"\r\n", 1)[1], [found], assignment)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"a,b\r\n", "columns id, question"), (b"\xff\xfe\x00", "CSV UTF-8"), (b"", "columns id"), (b'id,"question\r\n', "CSV")],
)
def test_a_file_that_is_no_sheet_is_refused(assignment, data, said):
    with pytest.raises(sheets.SheetError, match=said):
        sheets.read_marks(data, [record(assignment)], assignment)


# ----------------------------------------------------------------------------------------------------------- the summary


def test_the_summary_counts_what_the_class_did(assignment):
    class_ = [
        record(assignment, id="a"),
        record(assignment, result((False, True)), id="b"),
        record(assignment, result((False, False), False, digest="e" * 64), id="c"),
        report.unread(assignment, "the file is empty", student="Dora", id="d"),
    ]
    said = " ".join(Reader(summary_page(class_[::-1], assignment)).said.split())
    assert "4 submissions, 3 graded, 1 ungraded" in said
    assert "Mean 2.7, median 3, lowest 0, highest 5 of 5 points; essays are left out" in said
    assert re.search(r"q1 Twice an array\s*1 of 3", said) and re.search(r"q2 The number\s*2 of 3", said)
    assert re.search(r"q1 the square is taken\s*2", said)
    assert "Dora (d): ungraded: the file is empty" in said
    assert "Files that are the same, byte for byte Anna, Anna" in said
    assert summary_page(class_, assignment) == summary_page(class_[::-1], assignment)


def answered(id, earned, essay="Text.", mistakes=(), digest=None, student=None, **more):
    """A record of q1 (its two tests), q2 and the essay. earned: whether each of the three tests was passed; None: unanswered."""
    titles = (("Twice an array", 2, True), ("Twice nothing", 1, False), ("The number", 2, True))
    named = dict(zip(range(3), mistakes, strict=False))
    made = [
        Outcome(
            title, points, bool(passed), visible, "" if passed else "no", "not answered yet" if passed is None else named.get(n)
        )
        for n, ((title, points, visible), passed) in enumerate(zip(titles, earned, strict=True))
    ]
    q1, q2 = made[:2], made[2:]
    questions = (
        runner.QuestionResult("q1", 3, "graded", sum(o.earned for o in q1), "", tuple(q1)),
        runner.QuestionResult("q2", 2, "graded", sum(o.earned for o in q2), "", tuple(q2)),
        runner.QuestionResult("q3", 4, "essay", essay=essay),
    )
    found = runner.Result("small", digest or id[0] * 64, "graded", "", questions)
    return lambda assignment: record(assignment, found, id=id, student=student or id.title(), **more)


def summed(class_, assignment):
    """The text of a summary, with single blanks."""
    return " ".join(Reader(summary_page(class_, assignment)).said.split())


ALL, NONE, BLANK = (True, True, True), (False, False, False), (None, None, None)


def test_the_summary_has_the_totals_in_tenths_and_the_median_between_the_middle_two(assignment):
    class_ = [
        answered(id, earned)(assignment) for id, earned in (("a", ALL), ("b", NONE), ("c", (True, True, False)), ("d", ALL))
    ]
    said = summed(class_, assignment)
    assert "Mean 3.2, median 4, lowest 0, highest 5 of 5 points; essays are left out until all are marked" in said
    assert "0 to under 10 1 10 to under 20 0" in said and "60 to under 70 1" in said and "80 to under 90 0 90 to 100 2" in said
    marks = dict(zip("abcd", (0, 0, 1.5, 4), strict=True))
    one = [report.marked(r, {"q3": [given("all", 4, 4)]}) if r["id"] == "a" else r for r in class_]
    assert "highest 5 of 5 points; essays are left out until all are marked" in summed(one, assignment)
    every = [report.marked(r, {"q3": [given("all", 4, marks[r["id"]])]}) for r in class_]
    said = summed(every, assignment)
    assert "Mean 4.6, median 4.75, lowest 0, highest 9 of 9 points, essays included" in said
    assert "50 to under 60 2 60 to under 70 0" in said, "5 of 9 and 4.5 of 9 are in the tenth that they have reached"
    assert re.search(r"q3 Thoughts 1.4 of 4 1 of 4 0", said)


def test_the_summary_counts_who_answered_and_who_passed(assignment):
    class_ = [
        answered("a", ALL)(assignment),
        answered("b", (True, False, None), essay="")(assignment),
        answered("c", (True, None, False))(assignment),  # answered in part
        answered("d", BLANK, essay="")(assignment),
    ]
    said = summed(class_, assignment)
    assert "q1 Twice 1.8 of 3 1 of 4 1 q2 A number 0.5 of 2 1 of 4 2" in said, "mean, full marks, not answered"
    assert "q1 Twice nothing (hidden) 1 of 3 q2 The number 1 of 2" in said, "the worst first, of those who answered"
    assert "Twice an array 3 of 3" not in said and "No known mistake was seen." in said
    marked = [report.marked(r, {"q3": [given("all", 4, 0)]}) for r in class_]
    assert "q3 Thoughts 0.0 of 4 0 of 4 2" in summed(marked, assignment), "an essay without text is not answered"
    best = summed([answered("a", ALL)(assignment)], assignment)
    assert "None: every answer passed every test." in best and "1 submission, 1 graded, 0 ungraded" in best


def test_the_summary_counts_a_mistake_once_a_student_the_most_frequent_first(assignment):
    class_ = [
        answered("a", NONE, mistakes=("doubled", "doubled", "rare"))(assignment),
        answered("b", NONE, mistakes=("doubled", None, "a rarer"))(assignment),
        answered("c", BLANK)(assignment),
    ]
    said = summed(class_, assignment)
    assert "Mistake Students q1 doubled 2 q2 a rarer 1 q2 rare 1 Ungraded" in said and "not answered yet" not in said


def test_the_summary_lists_no_more_than_fits_and_says_how_many_more(tmp_path):
    tests = miniature.TESTS + "".join(
        f"\n\n@test('q2', points=1, title='T{k:02d}')\ndef t{k}(answer, rng):\n    pass\n" for k in range(14)
    )
    found = courses.load(miniature.write(tmp_path, tests=tests)).assignment("small")
    made = tuple(Outcome(f"T{k:02d}", 1, False, True, "no", f"mistake {k:02d}") for k in range(14))
    made = (Outcome("The number", 2, True, True), *made)
    one = record(found, runner.Result("small", "d" * 64, "graded", "", (runner.QuestionResult("q2", 16, "graded", 2, "", made),)))
    said = summed([one], found)
    assert "T11 0 of 1" in said and "T12" not in said and "2 more tests had answers that failed." in said
    assert "mistake 11" in said and "mistake 12" not in said


def test_the_summary_is_in_the_order_of_ids_and_knows_the_same_files(assignment):
    class_ = [
        answered("b", ALL, digest="e" * 64, student="Ben")(assignment),
        answered("a", ALL, digest="e" * 64, student="<i>Anna")(assignment),
        *(report.unread(assignment, "the file is empty", student=name, id=name.lower()) for name in ("Dora", "Cem")),
    ]
    seen = Reader(summary_page(class_, assignment))
    said = " ".join(seen.said.split())
    assert "byte for byte <i>Anna, Ben" in said and "i" not in seen.tags, "two that could not be read are not the same file"
    assert said.count("Dora") == said.count("Cem") == 1 and said.index("Cem (cem)") < said.index("Dora (dora)")
    assert summary_page(class_, assignment) == summary_page(class_[::-1], assignment)


def test_a_class_of_which_nothing_is_graded_has_no_numbers(assignment):
    said = summed([report.unread(assignment, "the file is empty", student="A", id="a")], assignment)
    assert "1 submission, 0 graded, 1 ungraded" in said and "A (a): ungraded: the file is empty" in said
    assert "Totals" not in said and "By question" not in said and "went badly" not in said


# -------------------------------------------------------------------------------------------------------------- the markup


def test_what_cannot_be_seen_is_shown_and_lines_end_in_one_way():
    for unseen in "\x00\x1b\x7f\u200e\u200f\u202a\u202e\u2066\u2069\ufffe\ud800":
        assert markup.plain(f"a{unseen}b") == "a\N{REPLACEMENT CHARACTER}b", hex(ord(unseen))
    assert markup.plain("a\r\nb\rc\n\td") == "a\nb\nc\n\td"
    assert markup.text('<a href="x">\'&amp;') == "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;amp;"


@pytest.mark.parametrize(("share", "width"), [(0, "0.0"), (0.25, "25.0"), (1, "100.0"), (1.5, "100.0"), (-1, "0.0")])
def test_a_bar_is_as_long_as_its_share_and_stays_in_its_frame(share, width):
    assert re.findall(r'class="part" width="([^"]*)"', markup.bar(share)) == [width]


def test_a_table_has_its_caption_heads_and_numbers():
    made = markup.table("How <many>", ["What", "N"], [("<b>x</b>", "3")], numbers=(1,))
    assert "<caption>How &lt;many&gt;</caption>" in made and '<th scope="col" class="number">N</th>' in made
    assert '<tr><th scope="row"><b>x</b></th><td class="number">3</td></tr>' in made, "cells are HTML already"


# ----------------------------------------------------------------------------------------------------------- in a browser


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1000, "dark")])
def test_pages_fit_a_phone_and_axe_finds_nothing(assignment, browser, tmp_path, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    long = record(assignment, result((False, False), message="x" * 500, essay="y" * 2000), student="N" * 120, id="long-1")
    long = report.marked(long, {"q3": [{"criterion": "c" * 90, "possible": 4, "mark": 1, "comment": "z" * 300}]})
    usual = record(assignment, result((False, True)))
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True)
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())
    page.on("request", lambda request: request.url.startswith("file:") or said.append(request.url))
    for n, text in enumerate([*pages(assignment), report.student_page(long), summary_page([long, usual], assignment)]):
        file = tmp_path / f"{n}.html"
        file.write_text(text, "utf-8")
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none", "the style is applied"
        assert not said, "nothing is asked for, nothing runs"
        found = [(rule["id"], node["html"][:200]) for rule in Axe().run(page).response["violations"] for node in rule["nodes"]]
        assert not found
    context.close()
