# expect: a formal cannot be called 'name'; every call accepts it
def g(x, name) { return x }
