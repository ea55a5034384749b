# expect: 'f' is not a function
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
network g(x: vec[8]) -> vec[4] { return f(x) }
