; expect: no such scalar register (s0 to s63)
.core 0
    sset s64, 0
    halt
