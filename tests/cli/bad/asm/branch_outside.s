; expect: the branch leads outside the program (to 6 of 2)
.core 0
    jmp +6
    halt
