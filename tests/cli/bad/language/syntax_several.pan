# expect: found '*', expected an expression
# expect: found '=', expected an expression
# expect: found ')', expected a new line or ';', '}', an operator
const A = * 3
network f(x: vec[8]) -> vec[4] {
    y = = 2
    z = relu(x))
    return dense(x, 4)
}
