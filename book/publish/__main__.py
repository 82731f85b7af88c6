"""The commands `pdf`, `zip` and `lighthouse` of the Makefile.

PYTHONPATH=book .venv/bin/python -m publish pdf
"""

import argparse
import sys

from publish.sources import ROOT, PublishError


def pdf(_):
    """Print the whole book; returns the exit status."""
    from publish.pdf import make_pdf

    return said(make_pdf())


def zip_(_):
    """Pack the site; returns the exit status."""
    from publish.archive import make_zip

    return said(make_zip())


def said(made):
    """Say which file was made."""
    print(f"{made.relative_to(ROOT)}: {made.stat().st_size / 1e6:.1f} MB")
    return 0


def lighthouse(options):
    """Measure a page; the exit status is 1 where a score is below its least."""
    from publish.lighthouse import LEAST, measure

    scores, costly = measure(options.page)
    print(options.page)
    for name, least in LEAST.items():
        print(f"  {name:14} {scores[name]:3}   at least {least}")
    for title in costly:
        print(f"  costs points: {title}")
    return int(any(scores[name] < least for name, least in LEAST.items()))


def main(arguments=None):
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="publish", description="Makes of the built site what people take away.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("pdf", help="the whole book as one PDF").set_defaults(run=pdf)
    commands.add_parser("zip", help="the site as one zip").set_defaults(run=zip_)
    from publish.lighthouse import PAGE

    measured = commands.add_parser("lighthouse", help="speed and accessibility of a page")
    measured.add_argument("page", nargs="?", default=PAGE, help=f"its address in the site; {PAGE} unless told")
    measured.set_defaults(run=lighthouse)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (PublishError, FileNotFoundError) as error:
        print(f"publish: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
