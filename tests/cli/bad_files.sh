#!/usr/bin/env bash
# Every file of tests/cli/bad through the program, on the build with sanitizers: its first comment
# lines hold what must be said ("expect: TEXT", each in one message), and the exit status is 1, for
# the programs of bad/run 3 ("status: N" says otherwise). Then files with damage at random places,
# which may be accepted or refused but never crash the program or hang it.
source "$(dirname "$0")/common.bash"
PANTHER=$PANTHER_ASAN
bad=$root/tests/cli/bad
total=0

# told FILE WORD: the texts behind "WORD: " in the comments at its beginning.
told() { sed -n -E "s@^(#|;|//) $2: @@p; /^(#|;|\/\/) [a-z]+: /!q" "$1"; }

# refused FILE STATUS COMMAND...: exit status, every expected text, and at least one error.
refused()
{
    local file=$1 status=$2 output got=0 text missing=''
    shift 2
    total=$((total + 1))
    output=$(timeout 60 "$@" 2>&1) || got=$?
    while IFS= read -r text; do
        [[ $output == *"$text"* ]] || missing+=" '$text'"
    done < <(told "$file" expect)
    local name=${file#"$root"/tests/cli/}
    if [ "$got" -ne "$status" ]; then
        not_ok "$name: exit status $got, expected $status" "$output"
    elif [ -z "$(told "$file" expect)" ] || [ -n "$missing" ] || [[ $output != *error:* ]]; then
        not_ok "$name: not said:$missing" "$output"
    else
        ok "$name"
    fi
}

cd "$bad/language" || exit 1
for file in "$bad"/language/*.pan; do
    refused "$file" 1 "$PANTHER" compile -q "${file##*/}"
done
cd "$root" || exit 1
for file in "$bad"/asm/*.s; do
    refused "$file" 1 "$PANTHER" asm "$file" --machine tiny -o "$work/out.pimg"
    check "$(basename "$file") leaves no image" test ! -e "$work/out.pimg"
done
for file in "$bad"/machine/*.yaml; do
    refused "$file" 1 "$PANTHER" machine check "$file"
done
for file in "$bad"/ir/*.ir; do
    refused "$file" 1 "$PANTHER" compile "$file"
done
for file in "$bad"/run/*.s; do
    status=$(told "$file" status)
    "$PANTHER" asm -q "$file" --machine tiny -o "$work/run.pimg" || not_ok "$file does not assemble"
    limit=()
    [[ $file == */runs_too_long.s ]] && limit=(--max-cycles 100000)
    refused "$file" "${status:-3}" "$PANTHER" run "$work/run.pimg" --machine tiny "${limit[@]}"
done
check "$total malformed files with their message and exit status" test "$total" -ge 200

# ---- damage at random places ----

# damaged NAME COUNT FILE COMMAND...: COUNT times the file with bytes overwritten, cut out or
# repeated, as $work/damaged.SUFFIX; the command ends with 0, 1 or 3 within a minute.
damaged()
{
    local name=$1 count=$2 file=$3 i got refused=0 wrong=0 length at
    shift 3
    RANDOM=20
    length=$(wc -c <"$file")
    for ((i = 0; i < count; i++)); do
        at=$(((RANDOM * 32768 + RANDOM) % length))
        case $((i % 3)) in
        0) head -c "$at" "$file"
           printf "\\x$(printf '%02x' $((RANDOM % 256)))"
           tail -c +$((at + 2)) "$file" ;;
        1) head -c "$at" "$file"
           tail -c +$((at + 2 + RANDOM % 40)) "$file" ;;
        2) head -c $((at + RANDOM % 40)) "$file"
           tail -c +$((at + 1)) "$file" ;;
        esac >"$work/damaged.${file##*.}"
        got=0
        timeout 60 "$@" >"$work/said" 2>&1 || got=$?
        case $got in
        0) ;;
        1 | 3) refused=$((refused + 1)) ;;
        *) wrong=$((wrong + 1))
           echo "    damage $i: status $got: $(grep -m1 -E 'ERROR|runtime error' "$work/said")" ;;
        esac
    done
    check "damage: $count times $name, $refused refused, none crashes" test "$wrong" -eq 0
}

sed -e "/every epoch/d" -e "s/epochs = 20/epochs = 1/" -e "s#data/digits.csv.gz#$work/damaged.csv#" \
    "$examples/mlp_digits.pan" >"$work/net.pan"
gzip -dc "$examples/data/digits.csv.gz" | head -n 20 >"$work/good.csv"
sed "s#$work/damaged.csv#$work/good.csv#" "$work/net.pan" >"$work/good.pan"
cp "$examples/machines/tiny.yaml" "$work/good.yaml"
gzip -c "$work/good.csv" >"$work/good.gz"
sed "s#damaged.csv#damaged.gz#" "$work/net.pan" >"$work/zipped.pan"
"$PANTHER" run -q "$work/good.pan" --machine tiny --save "$work/good.safetensors" ||
    not_ok "the file that is to be damaged"
"$PANTHER" compile "$work/good.pan" --machine tiny --emit asm >"$work/good.s"
"$PANTHER" compile "$work/good.pan" --machine tiny --emit ir >"$work/good.ir"

damaged "a program" 45 "$work/good.pan" "$PANTHER" run "$work/damaged.pan" --machine tiny
damaged "assembly" 45 "$work/good.s" \
    "$PANTHER" asm "$work/damaged.s" --machine tiny -o "$work/out.pimg"
damaged "IR" 45 "$work/good.ir" "$PANTHER" compile "$work/damaged.ir"
damaged "a machine file" 45 "$work/good.yaml" \
    "$PANTHER" run "$work/good.pan" --machine "$work/damaged.yaml"
damaged "a CSV file" 45 "$work/good.csv" "$PANTHER" run "$work/net.pan" --machine tiny
damaged "a gzip file" 45 "$work/good.gz" "$PANTHER" run "$work/zipped.pan" --machine tiny
damaged "a checkpoint" 60 "$work/good.safetensors" \
    "$PANTHER" run "$work/good.pan" --machine tiny --weights "$work/damaged.safetensors" --resume
finish
