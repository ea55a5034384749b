# expect: a digit stands on both sides of the point: write '1.0'
const A = 1.
