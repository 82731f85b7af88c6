"""The package's docstrings as Sphinx's autodoc reads them.

They are plain text with code between backquotes, so that ``||w||_2`` and ``w*`` need no escape in the source. Here everything but
that code is escaped, a name of the package becomes a link where its module is on the page, and what is indented is code. A
paragraph that says what arguments are, as in ``seed: an int. rows: integers.``, becomes a list of them.
"""

import inspect
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


def arguments_of(thing):
    """The names of what a function or class is called with; none for what is not called."""
    try:
        return [name for name in inspect.signature(thing).parameters if name != "self"]
    except (TypeError, ValueError):
        return []


def arguments_listed(paragraph, names):
    """The paragraph's lines, with an item for each argument that it explains.

    An argument is explained from its name and colon, at the start of a sentence, to the next one's; it ends before a sentence
    that begins a line, or says what is returned or raised.
    """
    any_name = rf"(?:{'|'.join(map(re.escape, names))})(?![\w-])"
    head = rf"{any_name}(?:, {any_name}| and [\w -]+| ?\([^()]*\))*:\s"
    lines = []
    for part in re.split(rf"(?<=[.;])\s(?={head})", paragraph):
        if not (found := re.match(head, part)):
            lines += [*re.sub(";$", ".", part).splitlines(), ""]
            continue
        said, *rest = re.split(r"(?:(?<=\.)|(?<=\.\)))(?:\n|\s(?=(?:Raises|Returns)\s))", part[found.end() :], maxsplit=1)
        name = re.sub(rf"\b{any_name}(?:\([^()]*\))?", r"`\g<0>`", found[0].strip())
        said = " ".join(said.removesuffix(";").split())
        lines.append(f"- {name} {said}{'' if said.endswith(('.', '.)')) else '.'}")
        if rest:
            lines += ["", *rest[0].splitlines(), ""]
    return lines


def with_lists(lines, names):
    """A docstring's lines with lists of the arguments in place of the paragraphs that explain them."""
    paragraphs = "\n".join(lines).split("\n\n")
    prose = [bool(names) and not text.startswith((" ", "- ", "* ")) for text in paragraphs]
    made = (arguments_listed(text, names) if flows else text.splitlines() for text, flows in zip(paragraphs, prose, strict=True))
    return [line for paragraph in made for line in (*paragraph, "")]


def as_restructured_text(app, what, name, thing, options, lines):
    """Rewrite a docstring's lines in place: paragraphs, lists and indented code."""
    text, result, in_item, code = with_lists(lines, arguments_of(thing)), [], False, False
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
