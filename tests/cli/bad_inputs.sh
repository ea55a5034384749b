#!/usr/bin/env bash
# Damaged data files and images, on the build with sanitizers: every one has its message and exit
# status, and none crashes the program. The files are made here.
source "$(dirname "$0")/common.bash"
PANTHER=$PANTHER_ASAN

total=0

# ---- data files ----

# program SOURCE ELEMENTS CLASSES: a network over one data source.
program()
{
    printf 'data d { train = %s;  shuffle = false }\nnetwork f(x: vec[%s]) -> vec[%s] { return dense(x, %s) }\ntrain f on d { loss = cross_entropy; update = sgd(rate = 0.01); batch = 1; epochs = 1 }\n' \
        "$1" "$2" "$3" "$3" >"$work/p.pan"
}
# bad NAME TEXT: the program of the moment is refused with the text.
bad() { total=$((total + 1)); expect "data: $1" 1 "$2" "$PANTHER" run "$work/p.pan"; }
bytes() { printf "$@"; }

program 'csv("x.csv", label = 2)' 2 3
printf '0.5,1,0\n1,0.5,2\n' >"$work/x.csv"
expect "data: a good CSV file" 0 "epoch" "$PANTHER" run "$work/p.pan"
printf '0.5,1,0\n1,zwei,2\n' >"$work/x.csv";      bad "a word" "x.csv:2: error: column 1: 'zwei' is not a number"
printf '0.5,1,0\n1,2\n' >"$work/x.csv";           bad "a short line" "x.csv:2: error: the line has 2 columns, but the first record has 3"
printf '0.5,1,0\n1,2,3\n' >"$work/x.csv";         bad "a label too large" "line 2 has label 3, but classes are 0 to 2"
printf '0.5,1,0.5\n' >"$work/x.csv";              bad "half a label" "the label 0.5 is not a class number"
printf '0.5,1,-1\n' >"$work/x.csv";               bad "a negative label" "the label -1 is not a class number"
printf '0.5,inf,1\n' >"$work/x.csv";              bad "infinity" "'inf' is not a number"
printf '0.5,,1\n' >"$work/x.csv";                 bad "an empty field" "column 1: '' is not a number"
printf '1,2,3,0\n' >"$work/x.csv";                bad "other columns than the network takes" "gives 3 elements, but 'x' takes 2"
printf '1,2\n' >"$work/x.csv";                    bad "no such column" "there is no column 2"
: >"$work/x.csv";                                 bad "an empty file" "it has no records"
head -c 5000 /dev/zero >"$work/x.csv";            bad "zeros" "it is not a text file"
rm "$work/x.csv";                                 bad "no file" "there is no such file"
mkdir "$work/x.csv";                              bad "a folder" "it is not a regular file"
rmdir "$work/x.csv"
seq -f '%g,1,0' 2000 | gzip | head -c 1000 >"$work/x.csv"; bad "a cut gzip file" "ends too early"
seq -f '%g,1,0' 2000 | gzip >"$work/x.csv"
printf 'XXXX' | dd of="$work/x.csv" bs=1 seek=700 conv=notrunc 2>/dev/null; bad "a damaged gzip file" "the compressed file is damaged"

program 'idx("i", "l")' 4 10
good_images() { bytes '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh'; }
good_labels() { bytes '\0\0\10\1\0\0\0\2\3\7'; }
good_images >"$work/i"; good_labels >"$work/l"
expect "data: a good idx file" 0 "epoch" "$PANTHER" run "$work/p.pan"
bytes 'PNG\3' >"$work/i";                              bad "no idx file" "it is not an idx file"
bytes '\0\0\14\3\0\0\0\2' >"$work/i";                  bad "idx of another type" "not supported: idx elements of type 0c"
bytes '\0\0\10\3\0\0\0\2\0\0\0' >"$work/i";            bad "a cut idx header" "the idx header ends too early"
bytes '\0\0\10\3\377\377\377\377\0\0\0\2\0\0\0\2abcd' >"$work/i"; bad "four billion images" "it ends after 4 of the"
bytes '\0\0\10\3\0\0\0\2\377\377\377\377\377\377\377\377abcd' >"$work/i"; bad "huge images" "0 or more than"
{ good_images; echo x; } >"$work/i";                   bad "bytes behind the last image" "it goes on after the last record"
good_images >"$work/i"
bytes '\0\0\10\1\0\0\0\3\1\2\3' >"$work/l";            bad "more labels than images" "it has 3 labels, but"
bytes '\0\0\10\1\0\0\0\2\3\13' >"$work/l";             bad "label 11 of ten" "record 1 has label 11, but classes are 0 to 9"
program 'cifar10("c")' 3072 10
head -c 3000 /dev/zero >"$work/c";                     bad "a cut CIFAR record" "record 0 is incomplete"
{ bytes '\12'; head -c 3072 /dev/zero; } >"$work/c";   bad "CIFAR label 10" "record 0 has label 10, but classes are 0 to 9"
program 'raw("r", "l", size = 4)' 4 10
echo 12345 >"$work/r";                                 bad "raw bytes that do not divide" "are not a whole number of examples of 4"

# ---- images ----

(cd "$root" && "$PANTHER" compile examples/mlp_digits.pan -q --machine tiny -o "$work/d.pimg")
image() { total=$((total + 1)); expect "image: $1" "$2" "$3" "$PANTHER" run "$work/bad.pimg" --timing-only; }
size=$(wc -c <"$work/d.pimg")
cp "$work/d.pimg" "$work/bad.pimg"; image "a good one" 0 "per kernel"
# byte OFFSET VALUE: the good image with one byte changed.
byte() { cp "$work/d.pimg" "$work/bad.pimg"; bytes "\\x$2" | dd of="$work/bad.pimg" bs=1 seek="$1" conv=notrunc 2>/dev/null; }
for part in 9 20 40 100 1000 $((size / 2)) $((size - 1)); do
    head -c "$part" "$work/d.pimg" >"$work/bad.pimg"
    image "cut to $part bytes" 1 "error:"
done
{ cat "$work/d.pimg"; echo more; } >"$work/bad.pimg"; image "bytes behind the end" 1 "error:"
: >"$work/bad.pimg"; image "an empty file" 1 "it has no network, kernel or entry to run"
byte 0 00; image "another magic number" 1 "error:"

head -c 500 "$work/d.pimg" >"$work/bad.pimg"
expect "image: disasm of a cut file" 1 "bad.pimg: error:" "$PANTHER" disasm "$work/bad.pimg"
expect "image: disasm of a program" 1 "error:" "$PANTHER" disasm "$examples/mlp_digits.pan"

check "$total damaged data files and images with their message" test "$total" -ge 35

# One byte changed at 150 places spread over the file: it runs, or says what is wrong.
crashes=0
for ((i = 0; i < 150; i++)); do
    byte $((i * (size - 1) / 149)) "$(printf '%02x' $((i * 37 % 256)))"
    status=0
    timeout 60 "$PANTHER" run "$work/bad.pimg" --timing-only --max-cycles 1000000 >"$work/out" 2>&1 || status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 1 ] && [ "$status" -ne 3 ]; then
        crashes=$((crashes + 1))
        echo "    byte $((i * (size - 1) / 149)): status $status, $(grep -m1 -E 'ERROR|runtime error' "$work/out")"
    fi
done
check "image: 150 damaged ones, $crashes crashes" test "$crashes" -eq 0
finish
