; expect: hangs at cycle
; expect: waits for
.thread 0
    receive [s0], 16, 2, 1
    halt
