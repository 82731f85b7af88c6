"""What nbval leaves out when it compares a re-executed cell with its stored outputs: the pixels of figures."""

import base64
import io

import numpy as np
import pytest
from nbval.plugin import IPyNbCell
from PIL import Image

# Root mean square over all pixels, of 255. Processors differ in a last digit, far below; a marker that moves is above.
TOLERANCE = 0.3


def figures(outputs):
    """The PNG images among a cell's outputs, as arrays."""
    pngs = [out["data"]["image/png"] for out in outputs if "image/png" in out.get("data", {})]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), float) for png in pngs]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fail a cell whose newly drawn figures are not those that the notebook stores."""
    result = yield
    if isinstance(item, IPyNbCell):
        stored, drawn = figures(item.cell.outputs), figures(item.test_outputs)
        if len(stored) != len(drawn):
            item.raise_cell_error(f"The cell draws {len(drawn)} figures, its notebook stores {len(stored)}")
        for old, new in zip(stored, drawn, strict=True):
            if old.shape != new.shape:
                item.raise_cell_error(f"A figure has {new.shape[1::-1]} pixels, the stored one {old.shape[1::-1]}")
            difference = np.sqrt(np.mean((old - new) ** 2))
            if difference > TOLERANCE:
                item.raise_cell_error(f"A figure differs from the stored one: {difference:.2f} of 255, {TOLERANCE} allowed")
    return result
