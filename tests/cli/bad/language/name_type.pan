# expect: 'vector' is not a type
network f(x: vector[8]) -> vec[8] { return x }
