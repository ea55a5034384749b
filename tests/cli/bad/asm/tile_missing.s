; expect: the number lies between 0 and 3, not 4
.tile 4
.core 0
    halt
