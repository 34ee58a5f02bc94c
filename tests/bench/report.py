"""From figures to tables: medians per metric and peer, and the aims with how far they are met."""

import json
from pathlib import Path
from statistics import median

# metric, title, digits after the point
METRICS = (
    ("wrk_rps", "wrk 50: requests/s", 0),
    ("wrk_p50", "wrk 50: p50, ms", 2),
    ("wrk_p99", "wrk 50: p99, ms", 2),
    ("wrk_cpu", "wrk 50: CPU per request, us", 1),
    ("rate200_p50", "rate 200: p50, us", 0),
    ("rate200_p99", "rate 200: p99, us", 0),
    ("rate200_p99.9", "rate 200: p99.9, us", 0),
    ("rate200_cpu", "rate 200: CPU per request, us", 0),
    ("rate2000_p50", "rate 2000: p50, us", 0),
    ("rate2000_p90", "rate 2000: p90, us", 0),
    ("rate2000_p99", "rate 2000: p99, us", 0),
    ("rate2000_p99.9", "rate 2000: p99.9, us", 0),
    ("rate2000_cpu", "rate 2000: CPU per request, us", 0),
    ("h2_rps", "h2: requests/s", 0),
    ("h2_cpu", "h2: CPU per request, us", 1),
    ("grpc_rps", "gRPC ping: requests/s", 0),
    ("grpc_cpu", "gRPC ping: CPU per request, us", 1),
    ("bulk_rate", "bulk: MB/s", 0),
    ("bulk_cpu", "bulk: CPU per MB, us", 0),
    ("conn_rps", "conn: requests/s", 0),
    ("conn_cpu", "conn: CPU per request, us", 0),
    ("memory_idle", "memory idle, MB (larger of the two)", 1),
    ("memory_load", "memory at load, MB (larger of the two)", 1),
    ("silent1000_out", "KB per silent connection of 1,000, outbound", 2),
    ("silent1000_in", "KB per silent connection of 1,000, inbound", 2),
    ("idle1000_out", "KB per idle connection of 1,000, outbound", 2),
    ("idle1000_in", "KB per idle connection of 1,000, inbound", 2),
    ("idle10000_out", "KB per idle connection of 10,000, outbound", 2),
    ("idle10000_in", "KB per idle connection of 10,000, inbound", 2),
    ("size", "program, stripped, MB (libraries not counted)", 1),
    ("ready", "exec to ready, ms (fastest of 3)", 0),
)

# what, metric, peer it is compared with (None: a bound), relation, factor or bound
AIMS = (
    ("CPU per request, of HAProxy's", "wrk_cpu", "haproxy", "<=", 0.9),
    ("CPU per request, of Envoy's", "wrk_cpu", "envoy", "<=", 0.3),
    ("requests/s, of HAProxy's", "wrk_rps", "haproxy", ">=", 1.1),
    ("p50 at 2000/s, of the best peer's", "rate2000_p50", "best", "<=", 1.0),
    ("p99 at 2000/s, of the best peer's", "rate2000_p99", "best", "<=", 1.0),
    ("body MB/s, of Envoy's", "bulk_rate", "envoy", ">=", 1.3),
    ("HTTP/2 requests/s, of HAProxy's", "h2_rps", "haproxy", ">=", 1.3),
    ("connections/s, of HAProxy's", "conn_rps", "haproxy", ">=", 1.0),
    ("idle memory, MB", "memory_idle", None, "<=", 6.0),
    ("KB per idle connection, outbound", "idle10000_out", None, "<=", 4.0),
    ("stripped program, MB", "size", None, "<=", 6.0),
)


class Results:
    """Every figure of every round, by peer and metric."""

    def __init__(self, peers: list[tuple[str, str]]):
        self.peers = peers
        self.figures: dict[str, dict[str, list[float]]] = {name: {} for name, _ in peers}
        self.failures: list[str] = []

    def add(self, peer: str, found: dict[str, float]) -> None:
        for metric, value in found.items():
            self.figures[peer].setdefault(metric, []).append(value)

    def value(self, peer: str, metric: str) -> float | None:
        figures = self.figures.get(peer, {}).get(metric)
        return median(figures) if figures else None

    def rows(self) -> list[list[str]]:
        rows = []
        for metric, title, digits in METRICS:
            values = [self.value(peer, metric) for peer, _ in self.peers]
            if any(v is not None for v in values):
                rows.append([title, *("-" if v is None else f"{v:,.{digits}f}" for v in values)])
        return rows

    def plain(self) -> str:
        rows = [["", *(title for _, title in self.peers)], *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = []
        for row in rows:
            first, *rest = (cell.rjust(width) for cell, width in zip(row, widths))
            lines.append("  ".join([row[0].ljust(widths[0]), *rest]))
        return "\n".join(lines)

    def markdown(self) -> str:
        header = ["", *(title for _, title in self.peers)]
        lines = [header, ["---"] * len(header), *self.rows()]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def aims(self) -> list[str]:
        """One line for each aim that can be judged from these figures."""
        lines = []
        for what, metric, against, relation, wanted in AIMS:
            ours = self.value("mesh", metric)
            theirs = 1.0 if against is None else self._compared(metric, against)
            if ours is None or not theirs:
                continue
            ratio = ours / theirs
            met = ratio <= wanted if relation == "<=" else ratio >= wanted
            verdict = "met" if met else "NOT met"
            lines.append(f"{what}: {ratio:.2f}, aim {relation} {wanted:g}: {verdict}")
        return lines

    def _compared(self, metric: str, against: str) -> float | None:
        if against != "best":
            return self.value(against, metric)
        others = [self.value(p, metric) for p, _ in self.peers if p not in ("none", "mesh")]
        return min((o for o in others if o is not None), default=None)

    def write(self, file: Path, settings: dict) -> None:
        medians = {peer: {metric: median(values) for metric, values in metrics.items()}
                   for peer, metrics in self.figures.items()}
        file.write_text(json.dumps({
            "settings": settings, "medians": medians, "rounds": self.figures,
            "aims": self.aims(), "failures": self.failures}, indent=1), encoding="utf-8")
