# expect: division by zero
const A = 1 / 0
