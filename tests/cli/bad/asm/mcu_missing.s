; expect: m2 does not exist: the machine has 2 MCUs per core
.core 0
    copy m2.mvm.in, v0, 16
    halt
