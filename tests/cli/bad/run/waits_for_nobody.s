; expect: hangs at cycle
; expect: node 0 tile 0 core 0 at 0: load v0, [s0 + 0], 16
.core 0
    load v0, [s0], 16
    halt
