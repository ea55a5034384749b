#!/usr/bin/env bash
# MLP-L4, 1024-256-512-512-10, one training example on the machine that the authors of PANTHER
# simulate (examples/machines/puma_era.yaml): their compiler and simulator take 16,069 cycles and
# 5.097 uJ. And the size of its program, which does not depend on the batch.
source "$(dirname "$0")/common.bash"

time_it()
{
    "$PANTHER" run "$examples/mlp_l4.pan" --machine puma_era --timing-only --entry train:mlp_l4 "$@"
}
check "a training example is timed" time_it --stats "$work/l4.json"
# value NAME: a number of the statistics; uj NAME: a total or a component's energy.
value() { grep -m1 -P "^\t\"$1\":" "$work/l4.json" | grep -o '[0-9][0-9.e+-]*' | tail -n 1; }
uj()
{
    sed -n -e '/^\t"/p' -e '/energy_by_component/,/}/p' "$work/l4.json" | grep "\"$1\":" |
        awk '{ sub(/,$/, "", $2); v = $2 } END { printf "%.4f", v / 1e6 }'
}
hold() { check "$1" awk "BEGIN { exit !($2) }"; }

cycles=$(value cycles) bound=$(value bound_cycles_per_kernel)
hold "${cycles:=0} cycles, at most the authors' 16069 (ideal pipeline: $bound)" \
    "$cycles > 0 && $cycles <= 16069"
same "cycles are the same every time" "$cycles" \
    "$(time_it | grep -o 'batch 1, [0-9]* cycles' | grep -o '[0-9]* c' | grep -o '[0-9]*')"
hold "44 MVM, 28 MTVM, 44 OPA, as theirs (accesses of 128 each)" \
    "$(value mvm) == 44 && $(value mtvm) == 28 && $(value opa) == 44"

# The authors' run: 3.968 uJ dynamic, here by its shares, and 1.129 uJ of leakage. The first five
# rows are the same work at the same price. Their simulator charges the shared memory and its bus
# also for every poll of a core that waits (20,223 accesses; a beat of 16 words counts once here),
# and the network for every cycle in which a tile has something to send (here by packets).
# Network, leakage, registers and control follow placement and schedule: the compiler takes the
# fastest it finds, which may use more tiles and send more packets than the authors' three tiles.
rows="mvm           1.738 0.02
      mtvm          1.107 0.02
      opa           0.500 0.02
      shift_add     0.060 0.05
      xbar_out      0.048 0.05
      memory        0.175 -
      memory_bus    0.060 -
      router        0.175 -
      registers     0.044 -
      core_control  ?     -
      leakage_pj    1.129 0.25"
printf '    %-14s %9s %9s   uJ\n' component ours authors
while read -r name theirs band; do
    ours=$(uj "$name")
    printf '    %-14s %9s %9s\n' "${name%_pj}" "$ours" "$theirs"
    [ "$band" = - ] || hold "energy, ${name%_pj}: $ours uJ, within $band of the authors' $theirs" \
        "$ours > $theirs * (1 - $band) && $ours < $theirs * (1 + $band)"
done <<<"$rows"
total=$(uj energy_pj)
printf '    %-14s %9s %9s\n' total "$total" 5.097
hold "energy, total: $total uJ, within 0.10 of 5.097" \
    "$total > 0.90 * 5.097 && $total < 1.10 * 5.097"

# Variants of a machine run one text; only the plan names the variant.
text()
{
    "$PANTHER" compile "$examples/mlp_l4.pan" --machine puma_era --variant "$1" --emit asm -q |
        grep -v '^\.plan'
}
text 1 >"$work/variant1"
for variant in 2 3; do
    text $variant >"$work/variant$variant"
    check "variant $variant runs the text of variant 1" cmp "$work/variant1" "$work/variant$variant"
done

# Steps against their bound, OPAs included: L = 4, so B + 6 products and B updates. Fast packing takes
# more tiles; one text serves all batches.
ratio()
{
    "$PANTHER" run "$examples/mlp_l4.pan" --machine "$1" --batch "$2" --variant 2 --optimize time \
        --timing-only --entry train:mlp_l4 -q --stats "$work/ratio.json"
    local opa
    opa=$("$PANTHER" machine show "$1" | grep -m1 t_opa: | grep -o '[0-9][0-9.]*' | head -n 1)
    grep -m1 -P '^\t"cycles_per_kernel":' "$work/ratio.json" | grep -o '[0-9][0-9.]*' |
        awk -v b="$2" -v opa="$opa" '{ printf "%.3f", $1 / (1800 * (b + 6) + opa * b) }'
}
while read -r machine batch most; do
    got=$(ratio "$machine" "$batch")
    hold "optimized for time, $machine, batch $batch: $got of the step bound, at most $most" \
        "${got:-9} > 1 && ${got:-9} <= $most"
done <<<"puma_era 1 1.15
panther 1 1.15
panther_overlapped 1 1.15
panther 64 1.25
panther_overlapped 64 1.05"

# Rolled loops: the kernel for one example and for 64 is the same program but for its constants.
size()
{
    "$PANTHER" compile "$examples/mlp_l4.pan" --machine puma_era -q --batch "$1" --emit asm |
        awk '/^\.entry/ { entry = $2 } /^\.(tile|node) /{ place = $0 }
             /^\.(core|thread) / { program = entry " " place " " $0 }
             /^ +[a-z]/ { count[program]++ }
             END { for (p in count) print p, count[p] }' | sort
}
size 1 >"$work/1"
size 64 >"$work/64"
count=$(awk '{ sum += $NF } END { print sum + 0 }' "$work/1")
programs=$(wc -l <"$work/1")
check "batch 1 and 64: each of $programs programs has the same length, $count instructions in all" \
    cmp "$work/1" "$work/64"
check "and there are some" test "$count" -gt 500
"$PANTHER" compile "$examples/mlp_l4.pan" --machine puma_era -q --stats "$work/compile.json"
code() { tr -d '\n\t ' <"$work/$1.json" | grep -o '"static_instructions":{[^}]*}'; }
same "compile and run count the same instructions" "$(code compile)" "$(code l4)"
echo "    $(code compile)"
finish
