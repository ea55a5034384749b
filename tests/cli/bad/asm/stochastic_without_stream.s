; expect: 'stochastic' is followed by a random stream
.core 0
    shr v0, v0, 16, 4, 0, stochastic
    halt
