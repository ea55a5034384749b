; expect: a width lies between 1 and 65535 words
.core 0
    set v0, 1, 0
    halt
