; expect: a mask is three bits
.core 0
    mcu 10, 000
    halt
