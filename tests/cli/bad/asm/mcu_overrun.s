; expect: reaches beyond its 16 words
.core 0
    copy m0.mvm.in+8, v0, 16
    halt
