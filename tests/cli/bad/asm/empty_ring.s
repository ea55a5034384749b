; expect: a ring has at least one word
.core 0
    sring s1, 16, 0
    halt
