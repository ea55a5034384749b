; expect: the program is for the machine 'panther', not for 'tiny'
.machine panther
.core 0
    halt
