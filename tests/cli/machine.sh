#!/usr/bin/env bash
# Machine files: found by name, printed so that they can be read again, checked.
source "$(dirname "$0")/common.bash"

for file in "$examples"/machines/*.yaml; do
    name=$(basename "$file" .yaml)
    expect "check $name" 0 "no errors" "$PANTHER" machine check "$file"
    "$PANTHER" machine show "$name" >"$work/$name.yaml"
    same "show $name is a fixpoint" "$(cat "$work/$name.yaml")" \
        "$("$PANTHER" machine show "$work/$name.yaml")"
done
expect "unknown name" 1 "did you mean 'panther'?" "$PANTHER" machine show pnather
expect "missing file" 1 "No such file" "$PANTHER" machine check ./none.yaml
expect "overrides are shown" 0 "variant: 3" "$PANTHER" machine show panther --variant 3
sed 's/variant: .*/variant: 9/' "$work/panther.yaml" >"$work/bad.yaml"
expect "a bad number" 1 "variant" "$PANTHER" machine check "$work/bad.yaml"
sed 's/^name:.*/name: [/' "$work/panther.yaml" >"$work/bad.yaml"
expect "not YAML" 1 "error" "$PANTHER" machine check "$work/bad.yaml"
head -c 200 "$work/panther.yaml" >"$work/cut.yaml"
expect "a file cut short" 1 "error" "$PANTHER" machine check "$work/cut.yaml"
finish
