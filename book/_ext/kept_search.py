"""The search is the same whether all pages were written by one build or some of them by an earlier one.

Sphinx reads back what the search says of pages that are not written anew, but not their entries of the index; and it keeps the
words of earlier versions, which no page has now.
"""

from pathlib import Path

from sphinx.search import js_index


def complete(app):
    """Give the search the kept pages' entries, and take the words away that stand nowhere; before it is written."""
    indexer = getattr(app.builder, "indexer", None)
    if indexer is None:
        return ()
    written = indexer._index_entries
    kept = {page: [] for page in app.env.all_docs if page not in written}
    search = Path(app.outdir, "searchindex.js")
    if kept and search.is_file():  # without it Sphinx has warned
        before = js_index.loads(search.read_text(encoding="utf-8"))
        for entry, places in before["indexentries"].items():
            for number, anchor, is_main in places:
                if (page := before["docnames"][number]) in kept:
                    kept[page].append((entry, anchor, "main" if is_main else ""))
    indexer._index_entries = dict(sorted((written | kept).items()))
    for words in (indexer._mapping, indexer._title_mapping):
        for word in [word for word, pages in words.items() if not pages]:
            del words[word]
    return ()  # no further pages


def setup(app):
    """Connect the step to the event that is for further pages, as it comes when all pages are written and the search is not."""
    app.connect("html-collect-pages", complete)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
