"""Checks a trace of `panther run --trace` and, with statistics beside it, its sums.

    trace_check.py TRACE [STATISTICS]

The trace holds what the Chrome trace format asks of it, every slice lies on a named track, slices
of one track enclose each other or stand apart, and slices plus what the cap left out are the busy
and waiting cycles of the statistics. Prints one line; the exit status is 1 where something is wrong.
"""
import collections
import gzip
import json
import sys

UNITS = ("core", "thread", "mcu", "memory_port")
CAUSES = {"wait for data", "wait for free words", "wait for a packet", "wait for a credit",
          "wait for the port", "wait for the MCU"}


def fail(text):
    sys.exit("trace_check: " + text)


def read(path):
    opened = gzip.open(path) if path.endswith(".gz") else open(path, "rb")
    with opened as f:
        return json.load(f)


def whole(event, name):
    """Cycles: whole numbers, which no viewer rounds."""
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        fail(f"{name} of {event} is no whole number of cycles")
    return value


def unit_of(track):
    if track.startswith("control thread"):
        return "thread"
    return "memory_port" if track == "memory port" else "mcu" if "MCU" in track else "core"


def check_event(e, tracks, processes):
    kind = e.get("ph")
    if kind not in ("M", "X", "C", "i") or not isinstance(e.get("name"), str):
        fail(f"an event of another kind: {e}")
    if not isinstance(e.get("pid"), int):
        fail(f"no process: {e}")
    if kind == "M":
        if e["name"] == "thread_name":
            tracks[e["pid"], e["tid"]] = e["args"]["name"]
        elif e["name"] == "process_name":
            processes[e["pid"]] = e["args"]["name"]
        elif not isinstance(e["args"].get("sort_index"), int):
            fail(f"other metadata: {e}")
    elif kind == "X":
        if (e["pid"], e["tid"]) not in tracks or e["pid"] not in processes:
            fail(f"a slice on a track without a name: {e}")
        if not isinstance(e.get("cat"), str) or not isinstance(e.get("args"), dict):
            fail(f"a slice without category or arguments: {e}")
    elif kind == "C" and not all(isinstance(v, (int, float)) for v in e["args"].values()):
        fail(f"a counter of another kind: {e}")


def check_nesting(slices, name):
    slices.sort(key=lambda s: (s[0], -s[1]))
    ends = []
    for start, end in slices:
        while ends and ends[-1] <= start:
            ends.pop()
        if ends and end > ends[-1]:
            fail(f"slices of '{name}' overlap at cycle {start}")
        ends.append(end)


def main():
    root = read(sys.argv[1])
    tracks, processes = {}, {}
    sums = collections.Counter()
    by_track = collections.defaultdict(list)
    waits, counters, count = set(), set(), 0
    for e in root["traceEvents"]:
        check_event(e, tracks, processes)
        if e["ph"] == "C":
            counters.add(e["name"])
        if e["ph"] != "X":
            continue
        start, cycles = whole(e, "ts"), whole(e, "dur")
        by_track[e["pid"], e["tid"]].append((start, start + cycles))
        if e["cat"] == "kernel":
            continue
        count += 1
        if not isinstance(e["args"].get("layer"), str):
            fail(f"a slice without a layer: {e}")
        if e["cat"] == "wait":
            waits.add(e["name"])
            if not isinstance(e.get("cname"), str):
                fail(f"a wait without a colour: {e}")
        sums["waits" if e["cat"] == "wait" else unit_of(tracks[e["pid"], e["tid"]])] += cycles
    for track, slices in by_track.items():
        check_nesting(slices, tracks[track])
    if not waits <= CAUSES:
        fail(f"other causes of waits: {waits - CAUSES}")
    other = root["otherData"]
    if count != other["written"]["slices"]:
        fail(f"{count} slices, but the file says {other['written']['slices']}")
    for unit in UNITS + ("waits",):
        if sums[unit] != other["written"]["cycles"][unit]:
            fail(f"{sums[unit]} cycles of {unit}, the file says "
                 f"{other['written']['cycles'][unit]}")
    if len(sys.argv) > 2:
        s = read(sys.argv[2])
        expected = dict(s["busy_cycles"]["by_component"], waits=s["wait_cycles"]["total"])
        for unit, cycles in expected.items():
            if sums[unit] + other["dropped"]["cycles"][unit] != cycles:
                fail(f"{unit}: slices have {sums[unit]} cycles and "
                     f"{other['dropped']['cycles'][unit]} were dropped, the statistics {cycles}")
        if s["cycles"] != other["cycles"]:
            fail(f"{other['cycles']} cycles simulated, the statistics say {s['cycles']}")
    print(f"slices {count}, tracks {len(by_track)}, counters {len(counters)}, dropped "
          f"{other['dropped']['slices']}, kernels dropped {other['dropped_kernels']}")


main()
