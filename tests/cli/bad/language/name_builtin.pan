# expect: 'relu' is already a built-in function
def relu(x) { return x }
