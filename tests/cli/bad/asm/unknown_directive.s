; expect: unknown directive '.matrx'
.matrx w rows=4 columns=4
.core 0
    halt
