# expect: 'W1' is already a parameter
param W1: matrix[4, 8]
param W1: matrix[4, 8]
