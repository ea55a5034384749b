; expect: lie outside the memory of
.core 0
    sset  s1, -5
    store [s1], v0, 2, 1
    halt
