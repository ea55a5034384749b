# expect: comments start with #
// a comment
const A = 1
