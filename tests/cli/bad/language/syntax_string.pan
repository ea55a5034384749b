# expect: the string is not closed on its line
const A = "abc
const B = 2
