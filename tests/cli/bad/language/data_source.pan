# expect: 'train' must be a source of data, found an integer
data d { train = 3 }
