#!/usr/bin/env python3
"""Fig. 14: variants 2 and 3 over batch sizes: energy and time emulated, storage density from areas.

Variant 2 keeps the operands of its outer products in the tiles' shared memory until the batch ends;
beyond what a tile has (64 KB) the memory grows with the batch. Variant 3 has a third crossbar copy
and applies them at once. Areas are the public simulator's.
"""
import sys

import common
import closed_form
import layerwise

BATCHES = (1, 4, 16, 64, 256, 1024, 4096, 16384)
LAYER = next(layer for layer in layerwise.LAYERS if layer.name == "Dense3")
LEVELS = 4                            # layers of MLP-L4: examples in flight in variant 3
# mm2 of a tile of 16 MCUs with three copies, of a copy and of a KB of memory; KB of a tile
TILE, COPY, MEMORY, BASE_KB = .4438, .029, .00134, 64
WEIGHTS_MB = 16 * 128 * 128 * 2 / 1e6  # of a tile; 16 bits each, as Table 3 counts
OPERAND_KB = 2                        # per example and tile: a block of 4 x 4 MCUs of one layer


def density(variant, batch):
    """MB of weights per mm2."""
    held = batch if variant == 2 else min(batch, 2 * LEVELS - 1)
    area = TILE - (COPY if variant == 2 else 0)
    return WEIGHTS_MB / (area + max(0, OPERAND_KB * held - BASE_KB) * MEMORY)


def crossover(bench, suffix, copies):
    """The batch from which variant 3 takes less energy, from what a batch of one adds."""
    m = common.machine_numbers("panther" + suffix)
    two, three = (bench.measure(LAYER, 1, ("panther", v)).nj() for v in (2, 3))
    fixed = (three - two) / LAYER.mcus
    each = (copies - 1) * closed_form.opa_nj(m)
    return fixed / each if each else float("inf")


def main():
    r = common.Report("fig14", "variants 2 and 3 over batch sizes (Fig. 14)")
    bench, rows = layerwise.Bench(), []
    for batch in BATCHES:
        two, three = (bench.measure(LAYER, batch, ("panther", v)) for v in (2, 3))
        rows.append((batch, two.nj() / batch / LAYER.mcus, three.nj() / batch / LAYER.mcus,
                     three.nj() / two.nj(), three.cycles / two.cycles, density(2, batch),
                     density(3, batch)))
    r.table("variants", ["batch", "V2 nJ", "V3 nJ", "V3/V2 energy", "V3/V2 time", "V2 MB/mm2",
                         "V3 MB/mm2"], rows, "%.3f")
    r.line("  Dense3, per MCU and example, profile `paper`; the memory for operands is not in the\n"
           "  emulated energy (operand_log: unlimited)")
    energy, time, two, three = ([row[k] for row in rows] for k in (3, 4, 5, 6))
    r.check("V3/V2 energy falls with the batch", all(a > b for a, b in zip(energy, energy[1:])))
    r.check("V3/V2 time falls with the batch", all(a > b for a, b in zip(time, time[1:])))
    r.check("V2 is better in density and energy at small batches",
            two[0] > three[0] and energy[0] > 1)
    falls = all(a >= b for a, b in zip(two, two[1:])) and two[-1] < two[0] / 10
    r.check("density of V2 falls, of V3 stays", falls and max(three) == min(three))
    r.check("V3 is denser at large batches, at comparable energy", three[-1] > two[-1] and
            energy[-1] < 1.1)
    meet = next(batch for batch in range(1, 1024) if density(2, batch) < density(3, batch))
    r.line("  V3 is denser from batch %d on; the figure's values are not stated in the text" % meet)
    r.line("  energy: with one copy charged per outer product V3 never takes less; with both\n"
           "  (opa_copies 2) from batch %.0f on, with the public constants from %.0f"
           % (crossover(bench, "_paper", 2), crossover(layerwise.Bench("code"), "", 2)))
    series = {"V2 density": [(log2(row[0]), row[5], "") for row in rows],
              "V3 density": [(log2(row[0]), row[6], "") for row in rows]}
    return r.end(common.svg_scatter("Storage density of variants 2 and 3", "log2 of the batch",
                                    "MB of weights per mm2", series, lines=True))


def log2(n):
    return n.bit_length() - 1


if __name__ == "__main__":
    sys.exit(main())
