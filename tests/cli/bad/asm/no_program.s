; expect: an instruction stands in the program of a core or thread
    sset s1, 0
    halt
