# expect: 'q32' is no format; formats go from q0 to q31
network f(x: vec[8] q32) -> vec[8] { return x }
