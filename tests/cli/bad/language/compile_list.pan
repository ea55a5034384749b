# expect: the list is too long; at most 1048576 elements fit
const A = range(2000000000)
