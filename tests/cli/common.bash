# shellcheck shell=bash
# Sourced by the command-line tests: a folder of their own and one-line checks. PANTHER is the program
# (build/release/panther unless tests/run says otherwise), PANTHER_ASAN the one with sanitizers.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PANTHER=${PANTHER:-$root/build/release/panther}
PANTHER_ASAN=${PANTHER_ASAN:-$PANTHER}
examples=$root/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NO_COLOR=1
failed=0

ok() { echo "ok - $1"; }
not_ok()
{
    failed=1
    echo "not ok - $1"
    [ $# -lt 2 ] || printf '%s\n' "$2" | head -n 20 | sed 's/^/    /'
}

# check NAME COMMAND...: the command succeeds.
check()
{
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$output"; fi
}

# expect NAME STATUS TEXT COMMAND...: exit status, and a text in what it prints (both streams).
expect()
{
    local name=$1 status=$2 text=$3 output got=0
    shift 3
    output=$("$@" 2>&1) || got=$?
    if [ "$got" -ne "$status" ]; then
        not_ok "$name: exit status $got, expected $status" "$output"
    elif [[ $output != *"$text"* ]]; then
        not_ok "$name: no '$text'" "$output"
    else
        ok "$name"
    fi
}

# same NAME A B: two texts are equal (and not empty).
same()
{
    if [ -n "$2" ] && [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "$(diff <(echo "$2") <(echo "$3"))"; fi
}

# tensors FILE: the model's tensors of a safetensors file, one a line; a machine's own are left out.
tensors()
{
    python3 - "$1" <<'PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
length, = struct.unpack("<Q", data[:8])
for name, t in sorted(json.loads(data[8:8 + length]).items()):
    if name != "__metadata__" and not name.startswith("panther."):
        begin, end = (8 + length + k for k in t["data_offsets"])
        print(name, t["shape"], *struct.unpack(f"<{(end - begin) // 4}f", data[begin:end]))
PYTHON
}

# Goes to a folder that looks like the sources with an empty build folder, but for the program.
enter_sources()
{
    local item
    for item in "$root"/*; do
        [ "$(basename "$item")" = build ] || ln -s "$item" "$work/$(basename "$item")"
    done
    mkdir -p "$work/build/release"
    ln -s "$PANTHER" "$work/build/release/panther"
    cd "$work" || exit 1
}

finish() { exit "$failed"; }
