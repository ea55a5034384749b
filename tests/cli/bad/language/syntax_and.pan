# expect: '&&' is written and
const A = true && false
