; expect: a packet of 16 words is received as 8 words
.tile 0
.preset 0, 1, 3*16
.thread 0
    send [s0], 16, 0, 1, 2
    halt
.tile 1
.thread 0
    receive [s0], 8, 2, 1
    halt
