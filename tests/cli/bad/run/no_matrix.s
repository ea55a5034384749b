; expect: which holds no matrix
; status: 1
.core 0
    mcu 100
    halt
