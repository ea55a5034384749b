; expect: word 0 is sticky and can take no counted value
.preset 0, keep, 7
.core 0
    store [s0], v0, 1, 1
    halt
