; expect: unknown vector register 'm0.mvm.inn'
.core 0
    copy m0.mvm.inn, v0, 16
    halt
