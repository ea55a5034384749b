# expect: 'A' depends on itself
const A = B + 1
const B = A
