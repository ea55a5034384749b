#!/usr/bin/env bash
# LeNet-5 (examples/lenet5.pan) on MNIST and on Fashion-MNIST, on the machine and on the float
# interpreter: 2,000 images of each in batches of 8. With PANTHER_FULL=1 all 60,000, three epochs as
# the example says: ten minutes of processor, printed side by side.
#
# MNIST is looked for in the folder that PANTHER_MNIST names, in examples/data/mnist and in
# shared/data/mnist beside the sources; Fashion-MNIST where PANTHER_FASHION says, and where Debian's
# package dataset-fashion-mnist has it. Its 30 MB are not among the packages of tests/setup.sh.
source "$(dirname "$0")/common.bash"

# find_set FOLDER...: the first with the four files, or nothing.
find_set()
{
    local folder
    for folder in "$@"; do
        [ -e "$folder/train-images-idx3-ubyte.gz" ] && echo "$folder" && return
    done
    echo ''
}

# cut_idx FOLDER NAME HEADER SIZE COUNT TO: the first COUNT items of an idx file.
cut_idx()
{
    gzip -dc "$1/$2.gz" | {
        head -c 4
        printf '%b' "$(printf '\\0%o\\0%o\\0%o\\0%o' 0 0 $(($5 / 256)) $(($5 % 256)))"
        head -c 4 >/dev/null
        head -c $(($3 - 8 + $5 * $4))
    } | gzip -1 >"$6/$2.gz"
}

# cut_set FOLDER TO
cut_set()
{
    mkdir "$2"
    cut_idx "$1" train-images-idx3-ubyte 16 784 2000 "$2"
    cut_idx "$1" train-labels-idx1-ubyte 8 1 2000 "$2"
    cut_idx "$1" t10k-images-idx3-ubyte 16 784 500 "$2"
    cut_idx "$1" t10k-labels-idx1-ubyte 8 1 500 "$2"
}

train() { "$PANTHER" run "$examples/lenet5.pan" "$@" 2>&1; }
# column N FILE EPOCH: a figure of an epoch's line; 4 is the loss, 10 the accuracy.
column() { awk -v n="$1" -v epoch="$3" '$1 == "epoch" && $2 == epoch { print $n }' "$2"; }
hold() { check "$1" awk "BEGIN { exit !($2) }"; }

# side_by_side NAME OPTION...: the machine and the float interpreter, at the same time.
side_by_side()
{
    local name=$1
    shift
    train "$@" --interpreter float >"$work/$name.float" &
    train "$@" >"$work/$name.machine" || not_ok "$name: the run" "$(cat "$work/$name.machine")"
    wait
    paste -d '|' <(grep '^epoch' "$work/$name.machine") <(grep '^epoch' "$work/$name.float") |
        sed 's/|epoch *[0-9]*/   float:/; s/^/    /'
}

# learns NAME EPOCH LEAST: the accuracy then; a loss that falls, and as the float run's does.
learns()
{
    local accuracy first last float epochs
    accuracy=$(column 10 "$work/$1.machine" "$2") epochs=$(grep -c '^epoch' "$work/$1.machine")
    first=$(column 4 "$work/$1.machine" 1) last=$(column 4 "$work/$1.machine" "$epochs")
    float=$(column 4 "$work/$1.float" "$epochs")
    hold "$1: test accuracy ${accuracy:=0} after $2 epochs is at least $3" "$accuracy >= $3"
    hold "$1: the loss falls from ${first:=0} to ${last:=9}; the float run's, to ${float:=0}" \
        "$last < $first && $last <= 1.25 * $float"
}

# one_set NAME FOLDER EPOCHS LEAST FULL-EPOCH FULL-LEAST
one_set()
{
    if [ -z "$2" ]; then
        echo "skip - LeNet-5 on $1: no files (see examples/data/README.md)"
    elif [ "${PANTHER_FULL:-0}" = 1 ]; then
        side_by_side "$1" --data "$2"
        learns "$1" "$5" "$6"
    else
        cut_set "$2" "$work/$1.set"
        side_by_side "$1" --data "$work/$1.set" --batch 8 --epochs "$3"
        learns "$1" "$3" "$4"
    fi
}

one_set MNIST "$(find_set "${PANTHER_MNIST:-}" "$examples/data/mnist" \
    "$root/../shared/data/mnist")" 2 0.80 1 0.97
one_set Fashion-MNIST "$(find_set "${PANTHER_FASHION:-}" \
    /usr/share/datasets/fashion-mnist)" 3 0.55 3 0.84
finish
