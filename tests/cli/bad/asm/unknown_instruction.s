; expect: unknown instruction 'lod'
.core 0
    lod v0, [s2], 16
    halt
