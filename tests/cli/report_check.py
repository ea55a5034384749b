"""Checks a page of `panther report` (or its DOM from a browser) against the statistics in it.

    report_check.py STATISTICS < PAGE

Every breakdown of the statistics adds up to its total to the last digit, the tables of the page
hold the same numbers, and the page loads nothing from anywhere. Prints one line; the exit status is 1
where something is wrong.
"""
import html.parser
import json
import sys

BREAKDOWNS = {
    "energy-by-layer": ("energy_fj", "by_layer"),
    "energy-by-component": ("energy_fj", "by_component"),
    "energy-by-operation": ("energy_fj", "by_operation"),
    "busy-by-layer": ("busy_cycles", "by_layer"),
    "busy-by-component": ("busy_cycles", "by_component"),
    "busy-by-operation": ("busy_cycles", "by_operation"),
    "waits-by-cause": ("wait_cycles", "by_cause"),
}


def fail(text):
    sys.exit("report_check: " + text)


class Page(html.parser.HTMLParser):
    """Tables by id: rows by key, each a list of the exact values of its cells."""

    def __init__(self):
        super().__init__()
        self.tables, self.table, self.row = {}, None, None
        self.charts = self.sections = self.summaries = 0
        self.data, self.in_data, self.open = "", False, []

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        for name in ("src", "href", "action", "data"):
            if a.get(name) and not a[name].startswith(("#", "data:")):
                fail(f"<{tag}> loads {a[name]}")
        if tag == "script":
            if a.get("type") != "application/json":
                fail("there is a script")
            self.in_data = True
        if tag == "table":
            self.table = self.tables.setdefault(a["id"], {})
        elif tag == "tr" and self.table is not None and "data-key" in a:
            self.row = self.table.setdefault(a["data-key"], [])
        elif tag == "td" and self.row is not None:
            self.row.append(a.get("data-v", ""))
        self.charts += tag == "svg" and a.get("role") == "img" and bool(a.get("aria-label"))
        self.sections += tag == "h2"
        self.summaries += tag == "summary"

    def handle_endtag(self, tag):
        if tag == "script":
            self.in_data = False
        if tag == "table":
            self.table = self.row = None

    def handle_data(self, data):
        if self.in_data:
            self.data += data


def check_sums(s):
    for section, table in BREAKDOWNS.values():
        part, total = s[section][table], s[section]["total"]
        if sum(part.values()) != total:
            fail(f"{section}.{table} adds up to {sum(part.values())}, not {total}")
    if s["energy_fj"]["dynamic"] + s["energy_fj"]["leakage"] != s["energy_fj"]["total"]:
        fail("dynamic energy and leakage are not the energy")
    if sum(e["cycles"] for e in s["entries"]) + s["crs_cycles"] != s["cycles"]:
        fail("the entries' cycles are not the simulated cycles")
    busy = s["busy_cycles"]["by_component"]
    if busy["core"] + busy["thread"] + s["wait_cycles"]["total"] != s["agent_cycles"]:
        fail("busy and waiting cycles are not those in which cores and threads run")
    for table, name in (("energy_fj", "energy_fj"), ("busy_cycles", None)):
        for layer in s["layers"]:
            units = ("core", "thread", "mcu", "memory_port")
            v = layer[name] if name else sum(layer[u] for u in units)
            if v != s[table]["by_layer"][layer["name"]]:
                fail(f"layer {layer['name']} differs in layers and {table}")
    if sum(t[o] for t in s["tiles"] for o in ("mvm", "mtvm", "opa", "crs")) != busy["mcu"]:
        fail("the tiles' MCUs are not busy as long as all MCUs")


def check_page(page, s):
    for table, (section, name) in BREAKDOWNS.items():
        rows = page.tables.get(table) or fail(f"there is no table {table}")
        expected = dict(s[section][name], total=s[section]["total"])
        shown = {key: int(cells[0]) for key, cells in rows.items()}
        if shown != expected:
            fail(f"{table} shows {shown}, the statistics have {expected}")
    for e in s["entries"]:
        if int(page.tables["entries"][e["name"]][3]) != e["cycles"]:
            fail(f"entry {e['name']} differs")
    losses = [float(r[0]) for r in page.tables["epochs"].values()]
    if losses != s["train_loss"]:
        fail(f"losses {losses}, not {s['train_loss']}")
    saturated = [int(r[0]) for k, r in page.tables["slice-saturation"].items() if k != "total"]
    if saturated != s["slice_saturation"]:
        fail("saturation differs")
    if json.loads(page.data) != s:
        fail("the statistics within the page are others")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        s = json.load(f)
    page = Page()
    page.feed(sys.stdin.read())
    check_sums(s)
    check_page(page, s)
    if page.summaries < page.charts:
        fail("there are charts without a table")
    print(f"tables {len(page.tables)}, charts {page.charts}, sections {page.sections}")


main()
