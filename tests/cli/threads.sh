#!/usr/bin/env bash
# Threads of the host, crossbar kernels and --measure-each must not show in anything: the same
# statistics (all but the host's own), the same saved weights and state, the same lines printed.
source "$(dirname "$0")/common.bash"

net=$examples/mlp_digits.pan
kernels=$(PANTHER_KERNEL=none "$PANTHER" run "$net" 2>&1 | sed -n 's/.*there is: //p' | tr -d ',')
check "the kernels that can run here are listed: $kernels" grep -q 'reference scalar' <<<"$kernels"

# digest WHAT...: of all that a run leaves behind.
digest()
{
    rm -f "$work"/{stats,save,printed}
    "$@" --seed 3 --stats "$work/stats" --save "$work/save" >"$work/printed" 2>&1 || return
    { grep -vE '"(host_[a-z_]*|command)":' "$work/stats"; cat "$work/save"
      grep -vE '^(host|trace)' "$work/printed"; } | sha256sum
}
train() { digest "$PANTHER" run "$net" --epochs 1 --crs 500 "$@"; }
one=$(train --threads 1)
check "a run leaves statistics and weights" test -s "$work/stats" -a -s "$work/save"
check "another seed shows" test "$one" != "$(train --threads 1 --batch 3)"

for threads in 2 3 8; do
    same "$threads threads" "$one" "$(train --threads "$threads")"
done
same "as many threads as are of use" "$one" "$(train)"
for threads in 1 3; do
    same "$threads threads, every kernel measured" "$one" \
        "$(train --threads "$threads" --measure-each)"
done
for threads in 1 2 3 8; do
    same "$threads threads, with a trace of events" "$one" \
        "$(train --threads "$threads" --trace "$work/t.json.gz")"
done
for kernel in ${kernels/reference/}; do
    same "kernel $kernel, 1 thread" "$one" "$(PANTHER_KERNEL=$kernel train --threads 1)"
    same "kernel $kernel, 3 threads" "$one" "$(PANTHER_KERNEL=$kernel train --threads 3)"
done

# A kernel written out (batch mode), other ways of updating, and cells with noise.
sgd() { digest "$PANTHER" run "$examples/kernel_sgd.pan" --epochs 2 --threads "$@"; }
for mode in digit stream batch; do
    same "a kernel written out, mode $mode" "$(PANTHER_KERNEL=scalar sgd 1 --opa-mode $mode)" \
        "$(sgd 3 --opa-mode $mode)"
done
noisy() { sgd "$@" --fidelity device --device read_noise=0.002 --wear; }
same "noisy cells, and their wear" "$(noisy 1)" "$(PANTHER_KERNEL=scalar noisy 2 --measure-each)"
finish
