; expect: tile 9 does not exist: the machine has 4
.thread 0
    send [s0], 16, 0, 9, 0
    halt
