# expect: the result does not fit a 64-bit integer
const A = 9223372036854775807 + 1
