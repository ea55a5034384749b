; expect: the kernel runs longer than 100000 cycles
.core 0
here:
    store [s0], v0, 16, 1
    load  v0, [s0], 16
    jmp here
    halt
