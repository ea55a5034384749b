# expect: 'g' is not a network or kernel
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train g on d { batch = 4 }
