#!/usr/bin/env bash
# The emulator as any other processor gets it: without the kernels for x86-64. Builds isa and
# emulator only, and holds what is left to the contract.
source "$(dirname "$0")/common.bash"

build=$work/build
check "it configures" cmake -G Ninja -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS_DEBUG=-O1 -DPANTHER_PORTABLE=ON
compile() { cmake --build "$build" --target panther_emulator panther_isa | tail -n 15; }
check "isa and emulator build" compile
symbols() { nm "$build"/emulator/libpanther_emulator.a; }
check "the scalar kernel is there" grep -q ' [DdRr] crossbar_scalar$' <(symbols)
check "and no other" bash -c '! grep -E "crossbar_avx|crossbar_amx|_epi|^avx|^amx"' <(symbols)
for name in test_emulator_crossbar test_emulator_training; do
    check "$name builds" cc -std=gnu11 -O1 -I"$root" -DPANTHER_SOURCE_DIR="\"$root\"" \
        "$root/tests/unit/$name.c" -o "$work/$name" \
        "$build"/emulator/libpanther_emulator.a "$build"/isa/libpanther_isa.a \
        -lcmocka -lcyaml -lyaml -lz -lm -lpthread
    check "$name passes" "$work/$name"
done
finish
