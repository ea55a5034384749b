"""What both experiments share: plans of panther as JSON."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "panther"))
import common  # noqa: E402


def plan(network, machine, method, *options):
    return json.loads(common.panther(["plan", network, "--machine", machine, "--method", method,
                                      "--json", *options]))


def schedules(p):
    """{name: figures} of all schedules of a plan; those that do not fit have no steps."""
    return {s["schedule"]: s for s in p["schedules"]}
