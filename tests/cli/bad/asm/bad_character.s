; expect: unexpected character '@'
.core 0
    sset s1, @4
    halt
