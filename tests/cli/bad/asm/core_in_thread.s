; expect: 'mcu' belongs to a core
.thread 0
    mcu 100
    halt
