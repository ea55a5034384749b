; expect: lie outside the memory of
.core 0
    sset  s1, 60000
    set   v0, 1, 16
    store [s1], v0, 16, 1
    halt
