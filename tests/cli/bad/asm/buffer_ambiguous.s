; expect: 'b' names two buffers of this tile
.buffer b, 0, 16
.buffer b, 16, 16
.core 0
    load v0, [s0 + b], 16
    halt
