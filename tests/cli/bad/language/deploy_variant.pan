# expect: 'variant' must be from 1 to 3, found 4
deploy { variant = 4 }
