# expect: a program has one deploy
deploy { variant = 2 }
deploy { variant = 3 }
