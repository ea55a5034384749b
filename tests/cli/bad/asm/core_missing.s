; expect: the number lies between 0 and 1, not 2
.core 2
    halt
