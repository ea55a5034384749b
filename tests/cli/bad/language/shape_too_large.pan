# expect: more than 2^40 elements are too many
network f(x: map[1000000, 1000000, 1000000]) -> vec[1] { return dense(flatten(x), 1) }
