; expect: words 4090 to 4105 lie outside the shared memory (4096 words)
.preset 4090, keep, 0*16
.core 0
    halt
