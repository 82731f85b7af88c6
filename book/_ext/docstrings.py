"""The package's docstrings as Sphinx's autodoc reads them.

They are plain text with code between backquotes, so that ``||w||_2`` and ``w*`` need no escape in the source. Here everything but
that code is escaped, a name of the package becomes a link where its module is on the page, and what is indented is code.
"""

import re

CODE = re.compile(r"``[^`]+``|`[^`]+`")
MARKUP = re.compile(r"[\\*|_]")
ITEM = re.compile(r"\s*[*-] ")
UNPACKED = re.compile(r"=\([^()]*\*\w+[^()]*\)")
NAME = re.compile(r"lecture_optim(\.\w+)+")


def marked(line, documented):
    """A line of text with its code marked and all else escaped."""
    result, end = [], 0
    for match in CODE.finditer(line):
        code = match[0].strip("`")
        known = NAME.fullmatch(code) and any(code == name or code.startswith(f"{name}.") for name in documented)
        result += [MARKUP.sub(r"\\\g<0>", line[end : match.start()]), f":py:obj:`{code}`" if known else f"``{code}``"]
        end = match.end()
        if line[end : end + 1].isalnum():
            result.append("\\ ")
    return "".join([*result, MARKUP.sub(r"\\\g<0>", line[end:])])


def as_restructured_text(app, what, name, thing, options, lines):
    """Rewrite a docstring's lines in place: paragraphs, lists and indented code."""
    text, result, in_item, code = list(lines), [], False, False
    for number, line in enumerate(text):
        blank_before = number == 0 or not text[number - 1].strip()
        if not line.strip():
            result.append("")
            continue
        if code and line.startswith("    "):
            result.append(line)
            continue
        code = False
        if ITEM.match(line) and (blank_before or in_item):
            bullet = line.index(line.lstrip()[0]) + 2
            result.append(line[:bullet] + marked(line[bullet:], app.config.documented_modules))
            in_item = True
        elif line.startswith("    ") and blank_before and not in_item:
            result += ["::", "", line]
            code = True
        else:
            in_item = in_item and line.startswith(" ")
            result.append(marked(line.removesuffix("::") + ":" if line.endswith("::") else line, app.config.documented_modules))
    lines[:] = result


def readable_signature(app, what, name, thing, options, arguments, returned):
    """Put an ellipsis for a default value that unpacks another, as in ``(None, *ALL)``, which Sphinx's parser does not know."""
    return UNPACKED.sub("=...", arguments) if arguments else arguments, returned


def setup(app):
    """Register the names of the modules on the page, and the steps before autodoc reads a docstring and prints a signature."""
    app.add_config_value("documented_modules", [], "env", list)
    app.connect("autodoc-process-docstring", as_restructured_text)
    app.connect("autodoc-process-signature", readable_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
