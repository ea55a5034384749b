; expect: 'send' belongs to a control thread of the tile
.core 0
    send [s0], 16, 0, 0, 0
    halt
