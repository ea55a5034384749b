#!/usr/bin/env bash
# A newcomer's path: train the digits, open the report, find the slowest layer, read its assembly,
# change the slicing, compare. The commands are those of frontend/cli/README.md, in its order.
source "$(dirname "$0")/common.bash"

enter_sources
count=0
while IFS= read -r command; do
    count=$((count + 1))
    if bash -c "$command" >"step.$count" 2>&1; then
        ok "$command"
    else
        not_ok "$command" "$(cat "step.$count")"
    fi
done < <(awk '/^```/ { inside = /^```sh/ } inside && /^\$ / { print substr($0, 3) }' \
    "$root/frontend/cli/README.md")
same "the page has six steps" 6 "$count"

check "the report is one page with charts" grep -q '<svg' build/a.html
slowest=$(awk '/^Busy cycles by layer/ { inside = 1; next } NF == 0 { inside = 0 }
    inside && $1 != "none" && $1 != "total" { gsub(",", "", $NF); print $NF, $1 }' step.2 |
    sort -n | tail -n 1 | cut -d' ' -f2)
same "the report names the slowest layer, and the page reads that one" "$slowest" \
    "$(grep -Eo -e '--layer [^ ]+' "$root/frontend/cli/README.md" | head -n 1 | cut -d' ' -f2)"
expect "its assembly has its products" 0 "mcu " grep -E "; layer $slowest, " step.4
line=$(grep -Eo "layer $slowest, [^ ]*\.pan:[0-9]+" step.4 | head -n 1)
check "and leads to its line in the program ($line)" grep -q dense \
    <(sed -n "${line##*:}p" examples/mlp_digits.pan)
expect "the comparison says what was changed" 0 "b: 55555555" cat step.6
expect "and gives ratios" 0 "x" grep -E '^test accuracy.*[0-9]\.[0-9]+x$' step.6
check "as a page too" grep -q '<svg' build/compare.html
finish
