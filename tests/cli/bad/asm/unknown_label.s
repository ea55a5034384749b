; expect: unknown label 'nexd'
.core 0
next: sset s1, 0
    jmp nexd
