"""Tables: on the terminal and in bench/README.md, both as Markdown."""

from statistics import median

from .figures import Figure, best_of, ratios
from .measure import NOISE_MAX

BEGIN, END = "<!-- {part}: begin -->", "<!-- {part}: end -->"


def table(head, rows):
    """Markdown of a table; the first column holds names."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows])


def load_table(title, samples, rows, peers, label):
    """One server beside its peers: the text and the figures.

    The ratio is of CPU per request to that of the best peer, the one with the least median, turn by turn.
    """
    lines, figures = [], []
    for row in rows:
        by_label = samples[row.name]
        cpu = {name: [sample["cpu_us"] for sample in by_label[name]] for name in (label, *peers)}
        best = best_of({name: cpu[name] for name in peers})
        found = ratios(cpu[label], cpu[best])
        noisy = max(sample["noise"] for name in (label, *peers) for sample in by_label[name]) > NOISE_MAX
        figure = Figure(row.name, "× CPU", median(found), row.aim, 1.0, best, noisy)
        figures.append(figure)
        lines.append([
            row.name + (" ~" if noisy else ""),
            *(_cpu(cpu[name]) for name in (label, *peers)),
            f"**{median(found):.2f}**", f"{min(found):.2f}–{max(found):.2f}",
            f"≤ {row.aim}" if row.aim else "–", figure.verdict,
            _rate(by_label[label]), _rate(by_label[best]), _latency(by_label[label]), _latency(by_label[best]),
        ])
    head = ["", f"CPU µs/request: {label}", *peers, "ratio to the best", "(range)", "aim", "met"]
    head += [f"requests/s: {label}", "best peer", f"p50 / p99 ms: {label}", "best peer"]
    turns = len(next(iter(samples.values()))[label])
    text = [f"### {title}", "", table(head, lines), "", f"Medians of {turns_of(turns)}; CPU ± half of its range over the turns."]
    if any(figure.noisy for figure in figures):
        text.append(NOISY)
    return "\n".join(text), figures


NOISY = f"~: something else used more than {NOISE_MAX:.0%} of a core in a run of this row."


def turns_of(count):
    return f"{count} turn{'s' if count > 1 else ''}"


def write_readme(path, part, text):
    """Replaces what is between the marks of one part in the file."""
    begin, end = BEGIN.format(part=part), END.format(part=part)
    head, rest = path.read_text().split(begin, 1)
    tail = rest.split(end, 1)[1]
    path.write_text(f"{head}{begin}\n{text}\n{end}{tail}")


def _rate(samples):
    return f"{median(sample['requests_per_s'] for sample in samples):,.0f}"


def _latency(samples):
    # The best p99: at small depths the median is the scheduler's.
    return f"{median(sample['p50_ms'] for sample in samples):.2f} / {min(sample['p99_ms'] for sample in samples):.2f}"


def _cpu(values):
    return f"{median(values):.2f} ± {(max(values) - min(values)) / 2:.2f}"
