"""Lighthouse on the built site: speed and accessibility of a page as a telephone meets them.

Lighthouse is an npm package. It is installed once below `_build/`, is no part of the environment, and never runs in the tests.
The site is served on this machine alone, compressed as a web server would.
"""

import gzip
import json
import os
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from publish.browser import ARGUMENTS, find_browser
from publish.sources import ROOT, PublishError, built_site

VERSION = "12.8.2"  # the last line of releases that runs on Node 18 and 20
PAGE = "book/2-adagrad/03-regret-and-projection.html"  # among the pages with the most formulas
LEAST = {"performance": 95, "accessibility": 100}
RUNS = 3  # the score in the middle counts, as a run by itself is worth five points more or less
COMPRESSED = (".html", ".css", ".js", ".json", ".svg", ".txt")


class Compressing(SimpleHTTPRequestHandler):
    """Serves files, text compressed, all of it to be kept by the browser."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path = path / "index.html"
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        if path.suffix in COMPRESSED:
            data = gzip.compress(data, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=31536000")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing: Lighthouse reports what it met."""


def program(root):
    """The path of Lighthouse's script, installed where it is missing; PublishError where Node or npm is."""
    for name in ("node", "npm"):
        if not shutil.which(name):
            raise PublishError(f"Lighthouse runs on Node 18 or newer, and there is no `{name}` on the path: install Node.js")
    folder = root / "_build" / "lighthouse"
    script = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    installed = script.parents[1] / "package.json"
    if not installed.is_file() or json.loads(installed.read_text("utf-8"))["version"] != VERSION:
        folder.mkdir(parents=True, exist_ok=True)
        print(f"Installing Lighthouse {VERSION} below {folder.relative_to(root)}/, once")
        command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--no-save", f"lighthouse@{VERSION}"]
        if subprocess.run(command).returncode:
            raise PublishError("npm could not install Lighthouse; its own words are above")
    return script


def measure(page=PAGE, root=ROOT):
    """The scores of a page of the site, 0 to 100, by category, and the titles of the audits that cost points.

    They are those of the run in the middle of RUNS, whose full report is written to `_build/lighthouse/report.json`.
    Raises PublishError where a tool or the page is missing.
    """
    html = built_site(root)
    if not (html / page).is_file():
        raise PublishError(f"the site has no page {page}")
    if (browser := find_browser()) is None:
        raise PublishError("Lighthouse drives Chromium or Chrome, and none was found: install one, or set BROWSER_PATH to it")
    script = program(root)
    report = root / "_build" / "lighthouse" / "report.json"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressing, directory=str(html)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        command = [
            "node",
            str(script),
            f"http://127.0.0.1:{server.server_port}/{page}",
            f"--only-categories={','.join(LEAST)}",
            "--output=json",
            f"--output-path={report}",
            f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}",
            "--quiet",
            "--no-enable-error-reporting",
        ]
        reports = []
        for _ in range(RUNS):
            if subprocess.run(command, env=os.environ | {"CHROME_PATH": browser}).returncode:
                raise PublishError("Lighthouse did not finish; its own words are above")
            reports.append(json.loads(report.read_text("utf-8")))
    finally:
        server.shutdown()
        server.server_close()
    reports.sort(key=lambda one: one["categories"]["performance"]["score"] or 0)
    found = reports[len(reports) // 2]
    report.write_text(json.dumps(found), "utf-8")
    scores = {name: round(100 * (category["score"] or 0)) for name, category in found["categories"].items()}
    audits = found["audits"]
    costly = [
        audits[one["id"]]["title"]
        for category in found["categories"].values()
        for one in category["auditRefs"]
        if one["weight"] and audits[one["id"]]["score"] is not None and audits[one["id"]]["score"] < 0.9
    ]
    return scores, costly
