# expect: a matrix is a param, not a formal
network f(x: matrix[8, 8]) -> vec[8] { return x @ x }
