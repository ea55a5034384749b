; expect: hangs at cycle
.tile 0
.preset 0, 1, 3*16
.thread 0
    send [s0], 16, 0, 1, 2
    halt
.tile 1
.thread 0
    receive [s0], 16, 2, 1
    receive [s0 + 16], 16, 2, 1
    halt
.core 0
    load v0, [s0], 16
    load v0, [s0 + 16], 16
    halt
