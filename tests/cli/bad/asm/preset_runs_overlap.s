; expect: a run of 8 words is repeated at least once, and at least so many words apart
.preset 0, keep, 0*8 repeat=3 stride=7
.core 0
  halt
