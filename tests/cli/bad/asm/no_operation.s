; expect: the instruction names no operation
.core 0
    mcu 000, 000
    halt
