# expect: 'test' is a fraction between 0 and 1, found 1.5
data d { train = csv("d.csv", label = 0); test = 1.5 }
