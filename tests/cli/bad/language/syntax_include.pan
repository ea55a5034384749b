# expect: '#include' is written include "file"
#include "data.pan"
const A = 1
