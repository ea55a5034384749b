; expect: v1020 with 16 words reaches beyond the 1024 vector registers
.core 0
    neg v0, v1020, 16
    halt
