; expect: 'load' takes other operands than these
.core 0
    load v0, [s2]
    halt
