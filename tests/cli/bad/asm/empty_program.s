; expect: the program is empty
.core 0
.core 1
    halt
