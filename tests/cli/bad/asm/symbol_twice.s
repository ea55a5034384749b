; expect: the symbol 'n' is defined already
.equ n, 4
.equ n, 5
.core 0
    halt
