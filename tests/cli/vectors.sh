#!/usr/bin/env bash
# Vectors in and out of a run: --input and --result with .npy and CSV files.
source "$(dirname "$0")/common.bash"

printf 'network twice(x: vec[3]) -> vec[3] { return x + x }\n' >"$work/twice.pan"
printf '1,2,-0.5\n0.25,0,4\n' >"$work/x.csv"
run=("$PANTHER" run "$work/twice.pan" --kernels 2)
"${run[@]}" --input "x=$work/x.csv" --result "output=$work/y.csv" >"$work/said"
same "CSV in, CSV out" $'2,4,-1\n0.5,0,8' "$(cat "$work/y.csv")"
check "a result that is written is not printed" test -z "$(grep 'output\[' "$work/said")"
"${run[@]}" --input "x=$work/x.csv" --result "output=$work/y.npy" -q
same "the size of a .npy file" "$((128 + 6 * 8))" "$(stat -c %s "$work/y.npy")"
"${run[@]}" --input "x=$work/y.npy" --result "output=$work/z.csv" -q
same ".npy in" $'4,8,-2\n1,0,16' "$(cat "$work/z.csv")"
for interpreter in fixed float; do
    "${run[@]}" --interpreter $interpreter --input "x=$work/y.npy" --result "output=$work/z.csv" -q
    same ".npy in, $interpreter interpreter" $'4,8,-2\n1,0,16' "$(cat "$work/z.csv")"
done
if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
    cat >"$work/check.py" <<'END'
import sys
import numpy
y = numpy.load(sys.argv[1])
assert y.dtype == numpy.float64 and y.tolist() == [[2, 4, -1], [0.5, 0, 8]], y
numpy.save(sys.argv[2], y.astype(numpy.float32))
numpy.save(sys.argv[3], numpy.asfortranarray(y))
END
    check "NumPy reads what is written" /usr/bin/python3 "$work/check.py" "$work/y.npy" \
        "$work/a.npy" "$work/b.npy"
    "${run[@]}" --input "x=$work/a.npy" --result "output=$work/z.csv" -q
    same "and the other way" $'4,8,-2\n1,0,16' "$(cat "$work/z.csv")"
    expect "column order" 1 "numpy.ascontiguousarray" "${run[@]}" --input "x=$work/b.npy"
else
    echo "skip - NumPy reads what is written: it is not installed"
fi
expect "a wrong shape" 1 "it has 2 records of 3 numbers, but 'x' takes 3 of 3" \
    "$PANTHER" run "$work/twice.pan" --kernels 3 --input "x=$work/y.npy"
expect "no such output" 1 "has no output 'z'" "${run[@]}" --result "z=$work/z.npy"
expect "a result without a file" 2 "--result takes PORT=FILE" "${run[@]}" --result output
expect "a folder that is not there" 1 "cannot write" "${run[@]}" --result "output=$work/no/z.npy"
expect "not for trained programs" 1 "go with --entry" "$PANTHER" run "$examples/mlp_digits.pan" \
    --result "output=$work/z.npy"
head -c 100 "$work/y.npy" >"$work/cut.npy"
expect "a file that is cut" 1 "ends within its header" "${run[@]}" --input "x=$work/cut.npy"

# Training data: inputs as above, classes as integers of one axis.
npy() # DESCR SHAPE: the head of a file
{
    local header
    header=$(printf "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" "$1" "$2")
    printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "$header"
}
gzip -dc "$examples/data/digits.csv.gz" | cut -d, -f1-64 >"$work/pixels.csv"
printf 'network same(x: vec[64]) -> vec[64] { return x }\n' >"$work/same.pan"
"$PANTHER" run "$work/same.pan" --kernels 1797 --interpreter float -q \
    --input "x=$work/pixels.csv" --result "output=$work/pixels.npy"
{
    npy '|u1' '(1797,)'
    # shellcheck disable=SC2059
    printf "$(gzip -dc "$examples/data/digits.csv.gz" | cut -d, -f65 | sed 's/.*/\\x0&/' |
        tr -d '\n')"
} >"$work/classes.npy"
sed -e 's/train = csv(.*label = 64)/train = npy("pixels.npy", "classes.npy")/' \
    "$examples/mlp_digits.pan" >"$work/digits.pan"
train() { "$PANTHER" run "$1" --machine panther --epochs 1 --interpreter float | grep '^epoch'; }
same "training from .npy is training from CSV" "$(train "$examples/mlp_digits.pan")" \
    "$(train "$work/digits.pan")"
finish
