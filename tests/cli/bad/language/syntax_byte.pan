# expect: '$' does not belong to the language
const A = 1 $ 2
