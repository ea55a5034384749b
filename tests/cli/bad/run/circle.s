; expect: they wait in a circle:
; expect: waits for word 32 (b+0) to become valid
.buffer a, 0, 16
.buffer b, 32, 16
.core 0
    load  v0, [s0 + b], 16
    store [s0 + a], v0, 16, 1
    halt
.core 1
    load  v0, [s0 + a], 16
    store [s0 + b], v0, 16, 1
    halt
