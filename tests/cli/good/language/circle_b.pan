include "circle_a.pan"                         # each file is taken once
const B = 3
def check(x) { assert(A == 4); return x }
