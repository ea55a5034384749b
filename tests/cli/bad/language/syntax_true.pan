# expect: 'True' is written true
const A = True
