; expect: a consumer count lies between 1 and 255, or is 'keep'
.core 0
    store [s0], v0, 16, 0
    halt
