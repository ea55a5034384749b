; expect: does not fit the matrix (4 x 4) or the crossbar (16 x 16)
.matrix w rows=4 columns=4
.block rows=5 columns=4
.core 0
    halt
