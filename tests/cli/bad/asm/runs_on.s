; expect: the program runs on beyond its last instruction
.core 0
    sset s1, 0
