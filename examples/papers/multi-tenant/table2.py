"""Table II: whether its sums follow from its rows. The numbers are the paper's; the sums ours."""
import sys

from plans import TABLE3, common

# Component and its power in mW, of a tile and of one of its 12 IMAs. A router serves four tiles.
TILE = {"eDRAM": 20.7, "bus": 7, "router": 42 / 4, "sigmoid": 0.53, "S+A": 0.05, "pool": 0.4,
        "OR": 1.68}
IMA = {"ADC": 16, "DAC": 4, "S+H": 0.01, "arrays": 2.4, "S+A": 0.2, "IR": 1.24, "OR": 0.23}


def main():
    r = common.Report("table2", "power of a tile, consistency of Table III")
    tile, ima = sum(TILE.values()), sum(IMA.values())
    r.value("tile without IMAs (mW)", 40.9, tile, 1, gate=True)
    r.value("12 IMAs (mW)", 289, 12 * ima, 0, gate=True)
    r.value("one tile (mW)", 330, tile + 12 * ima, 0, gate=True)
    r.value("168 tiles (W)", 55.4, 168 * (tile + 12 * ima) / 1000, 1, gate=True)
    worst = max(abs(row[3] * row[4] / row[2] - 1) for row in TABLE3.values())
    r.check("tenant level x operator level = overall in all 16 rows of Table III", worst < 0.012,
            "within %.1f %%" % (100 * worst))
    gains = [row[0] / row[1] for row in TABLE3.values()]
    r.value("largest energy ratio", 1.89, max(gains), 2, gate=True)
    worse = sum(TABLE3["tenants1", "MT%d" % i][1] < TABLE3["tenants1", "MT%d" % i][0]
                for i in range(1, 9))
    r.value("rows of chip1 that save energy", 7, worse, 0, gate=True)
    r.verdict("60.43x of the abstract, chip3", "60.43", "-", "not reproducible: chip3 not stated")
    r.verdict("'14 % to 24 %' of section IV.C", "14..24", "-",
              "not reproducible: no reading of Table III has it")
    return r.end()


if __name__ == "__main__":
    sys.exit(main())
