"""The browser that prints, tests and measures the site: which program, started how, and when a page is ready."""

import os
import shutil

# The shell without a window first: the same engine, and a page in it takes two thirds of the processor time.
BROWSERS = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

# Resolves when every formula is set and every image and font is there, also those that wait for the reader to come near.
READY = """() => Promise.all([
    window.formulas?.settle(),
    ...[...document.images].map((image) => {
        image.loading = 'eager';
        return image.complete || new Promise((done) => { image.onload = image.onerror = done; });
    }),
]).then(() => document.fonts.ready).then(() => true)"""


def find_browser():
    """The path of a Chromium or Chrome: what BROWSER_PATH says, else the first usual name on the PATH, else None.

    Raises FileNotFoundError where BROWSER_PATH names no program.
    """
    if named := os.environ.get("BROWSER_PATH"):
        if not shutil.which(named):
            raise FileNotFoundError(f"BROWSER_PATH must name a program, but is {named!r}")
        return named
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
