# expect: csv needs one of 'label' and 'target'
data d { train = csv("d.csv") }
