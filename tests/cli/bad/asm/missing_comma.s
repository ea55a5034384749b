; expect: unexpected 'v1'
.core 0
    neg v0 v1, 16
    halt
