include "circle_b.pan"
include "circle_a.pan"
const A = B + 1
network f(x: vec[A]) -> vec[B] { return dense(x, B) }
