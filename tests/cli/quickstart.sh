#!/usr/bin/env bash
# The quickstart, as a user calls it from another folder, and what it promises.
source "$(dirname "$0")/common.bash"

start=$SECONDS
output=$(cd / && "$root/examples/quickstart" 2>&1)
expect "quickstart names the OPA mode" 0 "opa mode stream" echo "$output"
expect "quickstart shows cycles" 0 "cycles" echo "$output"
expect "quickstart shows energy" 0 "energy" echo "$output"
accuracy=$(grep '^epoch' <<<"$output" | tail -n 1 | grep -o '[0-9.]*$')
check "quickstart reaches 0.96 (${accuracy:-none})" \
    awk -v a="${accuracy:-0}" 'BEGIN { exit !(a >= 0.96) }'
check "quickstart takes less than two minutes ($((SECONDS - start)) s)" \
    test $((SECONDS - start)) -lt 120
finish
