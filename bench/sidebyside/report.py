"""Tables: on the terminal and in bench/README.md, both as Markdown."""

from statistics import median

from .measure import NOISE_MAX

MEMORY_AIM = 0.8
BEGIN, END = "<!-- {part}: begin -->", "<!-- {part}: end -->"


def load_table(title, samples, rows, peer, label):
    """One server beside its peer. The ratio is of CPU per request, turn by turn; below 1 is better than the peer."""
    lines = [
        f"### {title}", "",
        f"| | requests/s: {label} | {peer} | p50 / p99 ms: {label} | {peer} "
        f"| CPU µs/request: {label} | {peer} | ratio | (range) | aim |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    noisy = False
    for row in rows:
        ours, theirs = samples[row.name][label], samples[row.name][peer]
        ratios = [our["cpu_us"] / their["cpu_us"] for our, their in zip(ours, theirs)]
        noise = max(sample["noise"] for sample in ours + theirs)
        mark = " ~" if noise > NOISE_MAX else ""
        noisy = noisy or bool(mark)
        aim = f"≤ {row.aim}" if row.aim else "–"
        lines.append(
            f"| {row.name}{mark} | {_rate(ours)} | {_rate(theirs)} | {_latency(ours)} | {_latency(theirs)} "
            f"| {_cpu(ours)} | {_cpu(theirs)} | **{median(ratios):.2f}** "
            f"| {min(ratios):.2f}–{max(ratios):.2f} | {aim} |"
        )
    turns = len(next(iter(samples.values()))[label])
    lines += ["", f"Medians of {turns} turn{'s' if turns > 1 else ''}; CPU ± half of its range over the turns."]
    if noisy:
        lines.append(f"~: something else used more than {NOISE_MAX:.0%} of a core in a run of this row.")
    return "\n".join(lines)


def memory_table(figures, keys, peer, label):
    """Bytes per key beside the peer."""
    ours, theirs = figures[label], figures[peer]
    lines = [
        f"### Memory: {keys:,} keys of 16 B with 64 B values, bytes per key", "",
        f"| | {label} | {peer} | ratio | aim |", "|---|---|---|---|---|",
    ]
    for name, field, aim in (("used_memory", "used_per_key", f"≤ {MEMORY_AIM}"), ("resident", "rss_per_key", "–")):
        if not ours[field] or not theirs[field]:
            lines.append(f"| {name} | {_bytes(ours[field])} | {_bytes(theirs[field])} | – | {aim} |")
            continue
        ratio = ours[field] / theirs[field]
        lines.append(f"| {name} | {ours[field]:.1f} | {theirs[field]:.1f} | **{ratio:.2f}** | {aim} |")
    lines += ["", f"The empty server is subtracted: {_mib(ours)} and {_mib(theirs)} resident."]
    return "\n".join(lines)


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


def _cpu(samples):
    values = [sample["cpu_us"] for sample in samples]
    return f"{median(values):.2f} ± {(max(values) - min(values)) / 2:.2f}"


def _bytes(figure):
    return "not told" if figure is None else f"{figure:.1f}"


def _mib(figures):
    return f"{figures['rss_empty'] / (1 << 20):.1f} MiB"
