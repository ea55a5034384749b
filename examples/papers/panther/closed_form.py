"""Energies by formula, from the constants of a machine file: a second code path that only checks.

Nothing here is used to produce a figure of an emulated machine.
"""

STREAMED = 16   # input bits
SIDE = 128
ADC_BITS = 8    # of the converter that the component `adc` is given for


def mvm_nj(m, slices):
    """One MVM or MTVM: sum over slices of e0 + a8 * r^(N - 8), N = b + 6 bits of the converter."""
    extra = int(m["adc_extra_bits"]) - ADC_BITS
    growth = float(m["adc_growth"])
    return sum(m["mvm"] + m["adc"] * growth ** (int(b, 16) + extra) for b in slices) * 1e-3


def opa_nj(m, slices=8, copies=1):
    return copies * slices * STREAMED * m["opa"] * 1e-3


def rewrite_nj(m, variant, slices=8):
    """Carry resolution, or the commit of variant 3: one copy read, those that are read written."""
    return slices * (m["serial_read"] + (1 if variant == 1 else 2) * m["serial_write"]) * 1e-3


def price(m, component, slices):
    """pJ of one count; of a converter the mean over the slices, as machine_price."""
    if component != "adc":
        return m[component]
    return (mvm_nj(m, slices) * 1e3 - len(slices) * m["mvm"]) / len(slices)


# The machines that the paper compares with, per 128 x 128 block and position, in nJ: MVM of 16
# slices of 2 bits, digital MVM, digital OPA. A second path beside the machine files base_*.yaml.
BASELINE = {"code": {"mvm": 35.07, "digital_mvm": 146.25, "digital_opa": 37.17},
            "paper": {"mvm": 35.10, "digital_mvm": 365.0, "digital_opa": 37.28}}


def digital_nj(profile, passes, overhead):
    b = BASELINE[profile]
    return passes * b["digital_mvm"] + b["digital_opa"] + overhead


def rewrite_base_nj(m):
    """16 arrays read and written."""
    return 16 * (m["serial_read"] + m["serial_write"]) * 1e-3


def bottom_up_nj(m, layer, slices=8):
    """
    The overhead of PANTHER per block and position if nothing is stored, sent or added twice: shifts,
    registers, a load, a store and an addition per product, and the vectors of the layer's rows and
    columns once over the network, shared by its blocks.
    """
    product = STREAMED * (SIDE * ((slices + 1) * m["shift_add"] + 2 * m["xbar_out"]) +
                          m["xbar_in_read"])
    beats = SIDE // 16
    memory = 2 * beats * (m["memory"] + m["memory_bus"] + m["memory_control"])
    columns = layer.mcus // layer.row_tiles
    network = (layer.row_tiles + columns) * beats * m["router"] / layer.mcus
    addition = SIDE * (m["vector_add"] + 3 * m["registers"])
    return (layer.passes * (product + memory + addition) + network) * 1e-3


def base_mvm_nj(profile, m, passes, overhead, positions):
    """positions: of all examples of a batch; once for all of them the crossbar is rewritten."""
    b = BASELINE[profile]
    return passes * b["mvm"] + b["digital_opa"] + overhead + rewrite_base_nj(m) / positions


def base_opa_mvm_nj(profile, m, layer, overhead, batch):
    """A convolution's gradient by MVMs: an error takes a crossbar per 128 positions and example."""
    mvm, n = BASELINE[profile]["mvm"], layer.positions
    mvm += 1e-3 * STREAMED * (SIDE * (17 * m["shift_add"] + 2 * m["xbar_out"]) + m["xbar_in_read"])
    errors = rewrite_base_nj(m) * -(-n // 128) / (layer.row_tiles * n)
    rewrite = rewrite_base_nj(m) / (n * batch)
    return layer.passes * BASELINE[profile]["mvm"] + mvm + overhead + rewrite + errors


def events_pj(m, s, updates="crossbar", cells=SIDE * SIDE):
    """Components that follow from the counts of operations alone, from the figures of a run."""
    slices, variant = s["machine"]["slices"], s["machine"]["variant"]
    digital = m["digital_product"] > 0
    products, outer = s["mvm"] + s["mtvm"], s["opa"]
    on_crossbars = 0 if digital else products
    n = len(slices)
    rewrites = s["crs"] + s.get("opa_commits", 0)
    copies = 2 if variant > 1 and updates == "crossbar" else 1
    return {
        "mvm": 0 if digital else s["mvm"] * n * m["mvm"],
        "mtvm": 0 if digital else s["mtvm"] * n * m["mtvm"],
        "adc": on_crossbars * n * price(m, "adc", slices),
        "opa": outer * opa_nj(m, n, int(m["opa_copies"])) * 1e3 if updates == "crossbar" else 0,
        "digital_product": (products if digital else 0) * cells * m["digital_product"],
        "digital_update": (0 if updates == "crossbar" else outer) * cells * m["digital_update"],
        "serial_read": rewrites * n * m["serial_read"],
        "serial_write": rewrites * n * copies * m["serial_write"],
        "xbar_in_read": (products + outer) * STREAMED * m["xbar_in_read"],
        "shift_add": on_crossbars * SIDE * STREAMED * (n + 1) * m["shift_add"],
        "sample_hold": on_crossbars * SIDE * STREAMED * n * m["sample_hold"],
    }
