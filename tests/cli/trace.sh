#!/usr/bin/env bash
# --trace: its format, its sums, its filter and cap, and that a traced run is the same run.
source "$(dirname "$0")/common.bash"
if ! command -v python3 >/dev/null; then
    echo "skip - trace: python3 is not installed"
    exit 77
fi
program=$examples/mlp_digits.pan
check_trace() { python3 -B "$root/tests/cli/trace_check.py" "$@"; }
run() { "$PANTHER" run "$@" 2>&1; }

# One epoch, every kernel of it, and the same run without a trace.
run "$program" --epochs 1 --save "$work/plain.st" | grep -v '^host' >"$work/plain"
run "$program" --epochs 1 --save "$work/traced.st" --stats "$work/s.json" \
    --trace "$work/t.json.gz" >"$work/traced"
same "a traced run prints the same" "$(cat "$work/plain")" \
    "$(grep -v '^host\|^trace' "$work/traced")"
check "and leaves the same digits" cmp "$work/plain.st" "$work/traced.st"
expect "the trace is announced" 0 "slices" grep '^trace' "$work/traced"
expect "its slices are the busy cycles" 0 "dropped 0, kernels dropped 0" \
    check_trace "$work/t.json.gz" "$work/s.json"
for machine in panther_overlapped base_digital; do
    run "$program" --epochs 1 --machine $machine -q --stats "$work/m.json" \
        --trace "$work/m.json.gz" --trace-filter limit=2 || true
    expect "the same on $machine, with a cap" 0 "kernels dropped 1" \
        check_trace "$work/m.json.gz" "$work/m.json"
done
run "$program" --epochs 1 --variant 3 -q --stats "$work/s.json" --trace "$work/v.json" \
    --trace-filter limit=3
expect "and on variant 3, not compressed" 0 "slices" check_trace "$work/v.json" "$work/s.json"
check "a file of at most 3 MiB and its end" \
    test "$(stat -c %s "$work/v.json")" -lt $((3 * 1024 * 1024 + 2000))
expect "a run says what its cap left out" 0 "whole kernels" \
    run "$program" --epochs 1 --trace "$work/c.json.gz" --trace-filter limit=1

# Filters.
count() { zcat "$1" | grep -c '"ph":"X"'; }
filtered()
{
    run "$program" --epochs 1 -q --trace "$work/f.json.gz" --trace-filter "$1" || return 1
    check_trace "$work/f.json.gz"
}
expect "cycles" 0 "slices" filtered "cycles=1000:9000"
check "only a few kernels are left" test "$(count "$work/f.json.gz")" -lt 2000
expect "a layer" 0 "slices" filtered "layer=dense_2,limit=4"
check "no other layer is there" test -z "$(zcat "$work/f.json.gz" | grep '"layer":"dense_1"')"
check "but this one" test -n "$(zcat "$work/f.json.gz" | grep '"layer":"dense_2"')"
expect "a core" 0 "slices" filtered "tile=0,core=1,limit=4"
check "no other core is there" test -z "$(zcat "$work/f.json.gz" | grep '"core 0')"
expect "another tile is empty" 0 "slices 0" filtered "tile=5"
for bad in tile=x foo=1 limit=0 cycles=9:1 ""; do
    expect "a bad filter '$bad'" 2 "--trace-filter" \
        run "$program" --trace "$work/x.json.gz" --trace-filter "$bad"
done
expect "a layer that is not there" 1 "did you mean 'dense_1'" \
    run "$program" --trace "$work/x.json.gz" --trace-filter layer=dense1
expect "a filter without a trace" 2 "--trace FILE" run "$program" --trace-filter tile=0
expect "an interpreter" 2 "counts no cycles" \
    run "$program" --interpreter float --trace "$work/x.json.gz"
expect "a folder that is not there" 1 "cannot write" run "$program" --trace "$work/no/x.json.gz"
full()
{
    (
        trap '' XFSZ # the write fails instead
        ulimit -f 64
        run "$program" --epochs 1 --trace "$work/x.json"
    )
}
expect "a full disk" 1 "cannot write" full
check "leaves no file" test ! -e "$work/x.json"
check "no failed run leaves a trace" test ! -e "$work/x.json.gz"
check "nor a part of one" test -z "$(find "$work" -name '*.part')"
expect "a program that is stopped" 3 "longer than 4000 cycles" \
    run "$program" --max-cycles 4000 --trace "$work/stopped.json.gz"
expect "leaves what it did" 0 "slices" check_trace "$work/stopped.json.gz"

# One batch of 64 through MLP-L4 takes at most three times the work with a trace (best of three).
head -c 65536 /dev/zero | tr '\0' '\101' >"$work/x.bin"
head -c 64 /dev/zero | tr '\0' '\3' >"$work/y.bin"
sed -e "s|data/blocks.bin|$work/x.bin|; s|data/blocks.labels|$work/y.bin|" \
    -e "s|batch = 1;|batch = 64;|" "$examples/mlp_l4.pan" >"$work/l4.pan"
best()
{
    local least= i seconds
    for i in 1 2 3; do
        "$PANTHER" run "$work/l4.pan" "$@" -q --stats "$work/l4.json" || return 1
        seconds=$(sed -n 's/^\t"host_cpu_seconds":\t\([0-9.e-]*\),*/\1/p' "$work/l4.json")
        least=$(awk -v a="${least:-1e9}" -v b="$seconds" 'BEGIN { print a < b ? a : b }')
    done
    echo "$least"
}
plain=$(best --save "$work/l4.st")
traced=$(best --save "$work/l4t.st" --trace "$work/l4.json.gz")
check "tracing a batch takes $traced s instead of $plain s" \
    awk -v a="$plain" -v b="$traced" 'BEGIN { exit !(a > 0 && b <= 3 * a) }'
check "its digits are the same" cmp "$work/l4.st" "$work/l4t.st"
expect "and its sums hold" 0 "dropped 0" check_trace "$work/l4.json.gz" "$work/l4.json"
finish
