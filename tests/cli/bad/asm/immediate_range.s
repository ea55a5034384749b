; expect: does not fit 16 bits
.core 0
    set v0, 40000, 16
    halt
