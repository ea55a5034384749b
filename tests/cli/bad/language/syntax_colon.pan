# expect: 'def' bodies stand in { }
def g(x):
    return x
