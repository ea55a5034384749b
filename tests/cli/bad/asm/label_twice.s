; expect: the label 'a' is defined already
.core 0
a:  sset s1, 0
a:  halt
