"""Figs. 2 and 5, Eqs. 1-3 and section 4.5: three layers on 12 tiles."""
import os
import sys

from schedules import HERE, common, plan, schedules

NETWORK = os.path.join(HERE, "example.pan")
MACHINE = os.path.join(HERE, "example.yaml")


def run(network, pairs):
    return schedules(plan(network, MACHINE, "hubpa", "--rule", "ratio", "--pairs", str(pairs)))


def words(numbers):
    return ", ".join(map(str, numbers))


def main():
    r = common.Report("example", "allocation and steps of the paper's example")
    for method, tiles in (("hubpa", [8, 3, 1]), ("sdmp", [8, 2, 2])):
        p = plan(NETWORK + ":example", MACHINE, method, "--rule", "ratio", "--pairs", "4")
        ours = p["plan"]["replicas"]
        r.verdict("tiles of %s by Eqs. 1-3" % method.upper(), words(tiles), words(ours),
                  "exact" if ours == tiles else "differs", True, ours == tiles)
        r.check("it is the only optimum of %d allocations" % p["allocations"],
                p["optima"] == 1 and p["gap"] > 1e-9, "f = %.4f, next +%.4f" % (p["f"], p["gap"]))
    rows = []
    for n in range(1, 17):
        s = run(NETWORK + ":example", n)
        got = [s[k]["steps"] for k in ("sdmp", "tdmp", "hubpa")]
        paper = [6 * n, 8 * n, 5 + 4 * (n - 1)]
        ahead = s["hubpa_lookahead"]["steps"]
        if n in (1, 2, 16):
            for name, a, b in zip(("SDMP", "TDMP", "HUBPA"), paper, got):
                r.value("%s, cycles of %d FP and BP" % (name, n), a, b, 0, gate=True)
        rows.append((n, *paper, *got, s["sdmp_pipelined"]["steps"], ahead,
                     "exact" if paper == got else "differs",
                     "%.1f %%" % (100 * s["hubpa"]["utilisation_all"])))
    r.line()
    r.table("steps", ("N", "6N", "8N", "5+4(N-1)", "SDMP", "TDMP", "HUBPA", "SDMP pipelined",
                      "HUBPA look-ahead", "verdict", "tiles busy"), rows)
    r.line()
    r.check("SDMP 6N, TDMP 8N, HUBPA 5 + 4(N - 1) for N = 1..16",
            all(row[9] == "exact" for row in rows))
    r.check("with look-ahead at most 4N for N >= 2, the work of 8 tiles",
            all(row[8] == 4 * row[0] for row in rows[1:]))
    square = run(NETWORK + ":squares", 16)
    r.line("  Windows of 2 x 2 in row order, not of 1 x 4: SDMP %d, TDMP %d, HUBPA %d for N = 16;"
           % tuple(square[k]["steps"] for k in ("sdmp", "tdmp", "hubpa")))
    r.line("  6N is a property of the paper's line of units. Pipelined SDMP has HUBPA's slope.")
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
