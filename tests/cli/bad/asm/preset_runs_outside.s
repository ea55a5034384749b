; expect: words 4000 to 4107 lie outside the shared memory (4096 words)
.preset 4000, keep, 0*8 repeat=3 stride=50
.core 0
  halt
