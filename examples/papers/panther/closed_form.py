"""Energies by formula, from the constants of a machine file: a second code path that only checks.

Nothing here is used to produce a figure of an emulated machine. The machines that the paper
compares with exist here only, until they are machine files of their own.
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


# The machines the paper compares with, per 128 x 128 block and example, in nJ. Per profile: MVM of
# 16 slices of 2 bits, digital MVM, digital OPA (nJ); sources as in panther_paper.yaml's head.
BASELINE = {"panther": {"mvm": 35.07, "digital_mvm": 146.25, "digital_opa": 37.17},
            "panther_paper": {"mvm": 35.10, "digital_mvm": 365.0, "digital_opa": 37.28}}


def digital_nj(profile, passes, overhead):
    b = BASELINE[profile]
    return passes * b["digital_mvm"] + b["digital_opa"] + overhead


def base_mvm_nj(profile, m, passes, overhead, batch):
    """16 arrays read and written once per batch."""
    b = BASELINE[profile]
    serial = 16 * (m["serial_read"] + m["serial_write"]) * 1e-3
    return passes * b["mvm"] + b["digital_opa"] + overhead + serial / batch


def events_pj(m, s):
    """Components that follow from the counts of operations alone, from the figures of a run."""
    slices, variant = s["machine"]["slices"], s["machine"]["variant"]
    products = s["mvm"] + s["mtvm"]
    n = len(slices)
    rewrites = s["crs"] + (s["opa_commits"] if "opa_commits" in s else 0)
    return {
        "mvm": s["mvm"] * n * m["mvm"],
        "mtvm": s["mtvm"] * n * m["mtvm"],
        "adc": products * (mvm_nj(m, slices) * 1e3 - n * m["mvm"]),
        "opa": s["opa"] * opa_nj(m, n, int(m["opa_copies"])) * 1e3,
        "serial_read": rewrites * n * m["serial_read"],
        "serial_write": rewrites * n * (1 if variant == 1 else 2) * m["serial_write"],
        "xbar_in_read": (products + s["opa"]) * STREAMED * m["xbar_in_read"],
        "shift_add": products * SIDE * STREAMED * (n + 1) * m["shift_add"],
        "sample_hold": products * SIDE * STREAMED * n * m["sample_hold"],
    }
