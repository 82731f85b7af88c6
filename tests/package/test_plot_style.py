"""The blank figure that every plot starts from, in the place where readers meet it: a notebook."""

import nbformat
from nbclient import NotebookClient


def test_every_figure_of_a_notebook_is_shown():
    cells = ["from lecture_optim.plots.style import figure", "_, axes = figure()", "_, axes = figure(columns=2)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3").execute()
    images = ["image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.outputs]
    assert images == [True, True]
