"""bench/figures.svg: a bar for each figure, beside the best peer and the aim.

Written by hand, without a library. It brings its own background, light or dark as the reader has it, so that the text
is legible wherever the picture is shown.
"""

from xml.sax.saxutils import escape

WIDTH, MARGIN = 920, 24
NAME_WIDTH, NOTE_WIDTH = 310, 150
ROW, BAR, SECTION = 19, 11, 40
HEAD = 84
# What the axis shows; a bar beyond it ends in an arrow.
SCALE_MAX = 1.5
TICKS = (0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
# Colours that differ for colour-blind readers too.
STYLE = """
    .card { fill: #ffffff; stroke: #d0d7de; }
    text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif; fill: #1f2328; }
    .title { font-size: 16px; font-weight: 600; }
    .section { font-size: 13px; font-weight: 600; }
    .note { fill: #59636e; }
    .grid { stroke: #d8dee4; }
    .peer { stroke: #59636e; stroke-width: 1.5; }
    .aim { stroke: #1f2328; stroke-width: 2; }
    .met { fill: #2f81c7; }
    .missed { fill: #d9730d; }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #3d444d; }
      text { fill: #f0f6fc; }
      .note { fill: #9ea7b3; }
      .grid { stroke: #2a313c; }
      .peer { stroke: #9ea7b3; }
      .aim { stroke: #f0f6fc; }
      .met { fill: #4493f8; }
      .missed { fill: #f0883e; }
    }
"""
# Sections by part: the heading, and which units have a place on a scale of ratios.
SECTIONS = {
    "node": ("Server CPU per request, relative to the best peer", ("× CPU",)),
    "memory": ("used_memory per key, worst of three sizes, relative to the best peer", ("B/key",)),
    "tail": ("p99.9 at half load, relative to the best peer", ("ms",)),
    "threads": ("CPU per request with two threads, relative to one", ("× one thread",)),
    "idle": ("Resident memory of an idle connection, relative to the best peer", ("KB each",)),
    "proxy": ("Proxy CPU per request, relative to nutcracker", ("× CPU",)),
}


def write(path, figures_by_part):
    """Draws what has a place on a scale where 1 is the best peer."""
    body, y = [], MARGIN + HEAD
    for part, (heading, units) in SECTIONS.items():
        shown = [figure for figure in figures_by_part.get(part, []) if figure.unit in units]
        if not shown:
            continue
        y += SECTION
        body.append(_text(MARGIN, y - 14, heading, "section"))
        body += _grid(y - 4, y + ROW * len(shown), shown[0].peer is not None or part == "threads")
        for figure in shown:
            body += _row(y, figure)
            y += ROW
        y += 16
    height = y + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">',
        "  <title>slotwise beside the best of its peers</title>",
        f"  <style>{STYLE}  </style>",
        f'  <rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        *(f"  {line}" for line in [*_head(), *body]),
        "</svg>",
    ]
    path.write_text("\n".join(lines) + "\n")


def _head():
    y = MARGIN + 62
    x = MARGIN
    lines = [
        _text(MARGIN, MARGIN + 14, "slotwise beside the best of its peers", "title"),
        _text(MARGIN, MARGIN + 36, "Shorter is better. Every figure is of one run, in which all servers took turns.", "note"),
    ]
    for label, class_name in (("aim met", "met"), ("aim missed", "missed")):
        lines.append(f'<rect class="{class_name}" x="{x}" y="{y - 10}" width="24" height="{BAR}" rx="2"/>')
        lines.append(_text(x + 30, y, label))
        x += 120
    lines.append(f'<line class="aim" x1="{x + 8}" x2="{x + 8}" y1="{y - 12}" y2="{y + 3}"/>')
    lines.append(_text(x + 18, y, "aim"))
    x += 70
    lines.append(f'<line class="peer" stroke-dasharray="4 3" x1="{x + 8}" x2="{x + 8}" y1="{y - 12}" y2="{y + 3}"/>')
    lines.append(_text(x + 18, y, "best peer, or one thread"))
    return lines


def _x(ratio):
    left, right = MARGIN + NAME_WIDTH, WIDTH - MARGIN - NOTE_WIDTH
    return left + (right - left) * min(ratio, SCALE_MAX) / SCALE_MAX


def _grid(top, bottom, with_peer):
    lines = []
    for tick in TICKS:
        x = _x(tick)
        peer = tick == 1.0 and with_peer
        style = 'class="peer" stroke-dasharray="4 3"' if peer else 'class="grid"'
        lines.append(f'<line {style} x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>')
        lines.append(_text(x, bottom + 13, f"{tick:g}", "note", "middle"))
    return lines


def _row(y, figure):
    by = figure.peer or 1.0
    ratio = figure.value / by
    end, middle = _x(ratio), y + ROW / 2
    class_name = "missed" if figure.missed else "met"
    lines = [
        _text(MARGIN, middle + 4, figure.name + (" ~" if figure.noisy else "")),
        f'<rect class="{class_name}" x="{_x(0):.1f}" y="{middle - BAR / 2:.1f}" width="{max(1.0, end - _x(0)):.1f}" '
        f'height="{BAR}" rx="2"/>',
    ]
    if ratio > SCALE_MAX:
        lines.append(f'<path class="{class_name}" d="M{end:.1f} {middle - 9:.1f} l10 9 l-10 9 z"/>')
    if figure.aim is not None:
        x = _x(figure.aim / by)
        lines.append(f'<line class="aim" x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 8:.1f}" y2="{middle + 8:.1f}"/>')
    note = f"{ratio:.2f}" + (f"  {figure.peer_label}" if figure.peer_label else "")
    lines.append(_text(WIDTH - MARGIN - NOTE_WIDTH + 24, middle + 4, note, "note" if not figure.missed else ""))
    return lines


def _text(x, y, text, class_name="", anchor=""):
    more = (f' class="{class_name}"' if class_name else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(text)}</text>'
