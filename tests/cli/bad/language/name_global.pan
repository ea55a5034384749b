# expect: 'WIDTH' is already a constant
const WIDTH = 4
network f(x: vec[8]) -> vec[4] {
    WIDTH = 3
    return dense(x, WIDTH)
}
