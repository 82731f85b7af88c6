"""Code in few colours: keywords, literals, comments and what a line defines; names, operators and brackets are the text's own.

Pygments wraps every token in an element of its own, which for these was three quarters of the weight of a page full of code.
"""

from pygments.formatters import HtmlFormatter
from pygments.token import Name, Operator, Punctuation, Text, Whitespace

QUIET = {Name, Operator, Punctuation, Whitespace}  # the kinds themselves; a name that is defined or built in is another kind


class QuietFormatter(HtmlFormatter):
    """Pygments' formatter, for which quiet tokens are plain text."""

    def format_unencoded(self, tokensource, outfile):
        """Write the tokens."""
        super().format_unencoded(((Text if kind in QUIET else kind, value) for kind, value in tokensource), outfile)


def use(app):
    """Give the formatter to the builder's highlighter."""
    if app.builder.format == "html":
        app.builder.highlighter.formatter = QuietFormatter


def setup(app):
    """Connect the step."""
    app.connect("builder-inited", use)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
