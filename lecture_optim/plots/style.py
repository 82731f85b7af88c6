"""The book's palette and the blank figure that every plot starts from."""

__all__ = ["COLORS", "GRID", "INK", "MUTED", "color", "direct_label", "figure", "linestyle", "readable"]

INK = "#1f2430"
MUTED = "#6b7280"
GRID = "#d9dde3"

# One colour an optimizer in the whole book. The families keep to the hues of Okabe and Ito's palette, which the colour-blind
# can tell apart: grey without adaptation, blue for sums, green for averages, vermilion and orange for Adam, purple for repairs.
COLORS = {
    "sgd": "#4b5563",
    "sign_sgd": "#9ca3af",
    "momentum": "#8c6d46",
    "nesterov": "#b58f5a",
    "adagrad": "#0072b2",
    "adagrad_norm": "#56b4e9",
    "rmsprop": "#009e73",
    "rmsprop_momentum": "#5bbf9f",
    "adadelta": "#7a8b00",
    "adam": "#d55e00",
    "adamax": "#e69f00",
    "nadam": "#b22222",
    "adamw": "#f08a4b",
    "amsgrad": "#8e44ad",
    "adopt": "#cc79a7",
}

# The grounds of the site's pages, as `book/_static/book.css` has them.
_PAGES = {"light": "#ffffff", "dark": "#14181e"}

_DASHES = {"sign_sgd", "nesterov", "adagrad_norm", "rmsprop_momentum", "nadam", "adamw", "adopt"}

_RC = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "font.size": 10.0,
    "axes.labelsize": 10.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}


def _name(rule):
    name = getattr(rule, "__name__", rule)
    if name not in COLORS:
        raise ValueError(f"rule must be one of {', '.join(COLORS)}, but is {name!r}")
    return name


def color(rule):
    """The colour of a rule, given as the function or by name."""
    return COLORS[_name(rule)]


def _channels(tone):
    return [int(tone[k : k + 2], 16) for k in (1, 3, 5)]


def _luminance(tone):
    """The relative luminance of a colour "#rrggbb" (WCAG 2.1)."""
    parts = [part / 255 for part in _channels(tone)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def readable(rule, theme, contrast=4.6):
    """The colour of a rule for lines and words on a page of the site, "#rrggbb".

    It is moved towards black on the theme "light" and towards white on "dark", just so far that its contrast with the page is
    at least ``contrast`` (text needs 4.5; WCAG 2.1, 1.4.3). Raises ValueError for another theme.
    """
    if theme not in _PAGES:
        raise ValueError(f"theme must be one of {', '.join(_PAGES)}, but is {theme!r}")
    page, end = _luminance(_PAGES[theme]), 255 * (theme == "dark")
    for k in range(101):
        tone = "#" + "".join(f"{round(part + (end - part) * k / 100):02x}" for part in _channels(color(rule)))
        dark, light = sorted((page, _luminance(tone)))
        if (light + 0.05) / (dark + 0.05) >= contrast:
            return tone
    raise ValueError(f"contrast must be one that black or white has with the page, but is {contrast}")


def linestyle(rule):
    """Solid for the head of each family and dashed for its close relatives, so that colour is never the only sign."""
    return "--" if _name(rule) in _DASHES else "-"


def figure(rows=1, columns=1, width=7.2, height=3.4, **subplots):
    """A blank figure in the book's style at twice the screen's resolution; width and height in inches.

    Returns (figure, axes) as `matplotlib.pyplot.subplots` does. Raises ImportError where Matplotlib is missing.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError('figures need Matplotlib: pip install "lecture_optim[plots]"') from None
    with plt.rc_context(_RC):
        made = plt.subplots(rows, columns, figsize=(width, height), dpi=200, layout="constrained", **subplots)
        interactive = plt.isinteractive()
    # The first figure of a notebook loads its backend, which turns interactive mode on: without it no later figure is shown,
    # and leaving the context turned it off again.
    plt.interactive(interactive)
    return made


def direct_label(axes, x, y, text, rule=None, **options):
    """Write a line's name beside its end instead of in a legend, in the line's colour."""
    options = {"va": "center", "ha": "left", "xytext": (5, 0), "color": color(rule) if rule else INK, **options}
    return axes.annotate(text, (x, y), textcoords="offset points", annotation_clip=False, **options)
