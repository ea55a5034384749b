; expect: this core has a program already
.core 0
    halt
.core 1
    halt
.core 0
    halt
