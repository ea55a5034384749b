# expect: '#define' is written const NAME = value
#define N 4
const A = 1
