; expect: runs on for
.core 0
here:
    saddi s1, s1, 1
    jmp here
    halt
