# expect: the program needs more than 4000000 steps at compile time
const N = range(1000000)
network f(x: vec[8]) -> vec[4] {
    for a in N { for b in N { c = a } }
    return dense(x, 4)
}
