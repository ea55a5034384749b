; expect: the number is too large
.core 0
    sset s1, 99999999999999999999
    halt
