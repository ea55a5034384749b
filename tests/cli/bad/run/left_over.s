; expect: halted, but word 3 (x+3) still has 2 consumers
; expect: written by node 0 tile 0 core 0 at 1
.buffer x, 0, 16
.core 0
    set   v0, 1, 16
    store [s0 + x+3], v0, 1, 2
    halt
