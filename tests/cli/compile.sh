#!/usr/bin/env bash
# compile, asm and disasm: images, listings, IR, passes, statistics.
source "$(dirname "$0")/common.bash"
program=$examples/mlp_digits.pan

expect "check only" 0 "2 MCUs" "$PANTHER" compile "$program"
expect "image" 0 "" "$PANTHER" compile "$program" -o "$work/d.pimg" --stats "$work/d.json"
for field in seconds peak_rss_bytes passes mcus cores tiles nodes static_instructions max_core \
    shared_memory_words; do
    expect "statistics have $field" 0 "\"$field\"" cat "$work/d.json"
done
check "quiet" test -z "$("$PANTHER" compile -q "$program")"

# The listing assembles to an image that lists the same.
"$PANTHER" disasm "$work/d.pimg" >"$work/d.s"
same "emit asm is the listing" "$("$PANTHER" compile "$program" --emit asm)" "$(cat "$work/d.s")"
expect "assemble the listing" 0 "" "$PANTHER" asm "$work/d.s" -o "$work/again.pimg"
same "disassembly is a fixpoint" "$(sed 's/ *;.*//' "$work/d.s")" \
    "$("$PANTHER" disasm "$work/again.pimg" | sed 's/ *;.*//')"
same "the assembled image trains to the same numbers" \
    "$(cd "$root" && "$PANTHER" run "$work/d.pimg" --epochs 1 --data "$examples" | grep -v host)" \
    "$(cd "$root" && "$PANTHER" run "$work/again.pimg" --epochs 1 --data "$examples" | grep -v host)"
expect "one tile and core" 0 ".core 0" "$PANTHER" disasm "$work/d.pimg" --tile 0 --core 0
expect "one layer" 0 "mcu" "$PANTHER" disasm "$work/d.pimg" --layer dense_1

# The IR of every stage.
expect "emit ir" 0 'graph @"train:mlp"' "$PANTHER" compile "$program" --emit ir
expect "print after a pass" 0 "// after lower" "$PANTHER" compile "$program" --print-after lower
expect "print after all" 0 "// after memory" "$PANTHER" compile "$program" --print-after all
expect "stop after a pass" 0 "= softmax" "$PANTHER" compile "$program" --emit ir \
    --stop-after differentiate
for stage in differentiate lower partition schedule; do
    "$PANTHER" compile "$program" --emit ir --stop-after $stage -o "$work/$stage.ir"
    same "IR after $stage is read and printed again" "$(cat "$work/$stage.ir")" \
        "$("$PANTHER" compile "$work/$stage.ir" --emit ir)"
done
expect "IR is not compiled" 2 "only checked and printed" \
    "$PANTHER" compile "$work/lower.ir" -o "$work/none.pimg"
expect "unknown pass" 1 "is not a pass" "$PANTHER" compile "$program" --stop-after lowr
expect "verify each" 0 "" "$PANTHER" compile "$program" --verify-each
expect "time passes" 0 "schedule" "$PANTHER" compile "$program" --time-passes

# The program does not grow with the batch (very small ones need fewer guards in the pipeline).
size() { "$PANTHER" compile "$program" --opa-mode batch --batch "$1" | grep -o '[0-9]* core and [0-9]* tile'; }
same "code of batch 4 and batch 64 has the same size" "$(size 4)" "$(size 64)"
same "code of batch 64 and batch 1000 has the same size" "$(size 64)" "$(size 1000)"

# A failing compile leaves the old output alone.
echo old >"$work/keep.pimg"
printf 'network f(x: vec[4]) -> vec[2] {\n    return dense(y, 2)\n}\n' >"$work/bad.pan"
expect "an error in the program" 1 "bad.pan:2:18: error:" \
    "$PANTHER" compile "$work/bad.pan" -o "$work/keep.pimg"
same "and the output is untouched" "$(cat "$work/keep.pimg")" old
expect "an output that cannot be written" 1 "cannot write" \
    "$PANTHER" compile "$program" -o "$work/none/d.pimg"
expect "no such program" 1 "No such file" "$PANTHER" compile "$work/none.pan"
printf 'network f(x: vec[4]) -> vec[2] {\n    a = dence(x, 2)\n    b = W @ x\n    return dense(x, "n")\n}\n' \
    >"$work/three.pan"
errors=$("$PANTHER" compile "$work/three.pan" 2>&1 | grep -c ': error:')
check "several errors in one run ($errors)" test "$errors" -ge 3
finish
