; expect: the text has no closing quote
.layer "h
.core 0
    halt
