; expect: packets of node 0 tile 0 thread 0 are left in channel 2
.tile 0
.preset 0, 1, 3*16
.thread 0
    send [s0], 8, 0, 1, 2
    send [s0 + 8], 8, 0, 1, 2
    halt
.tile 1
.thread 0
    receive [s0], 8, 2, 1
    halt
.core 0
    load v0, [s0], 8
    halt
