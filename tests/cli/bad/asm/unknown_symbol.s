; expect: unknown symbol 'hh'
.buffer h, 0, 16
.core 0
    load v0, [s0 + hh], 16
    halt
