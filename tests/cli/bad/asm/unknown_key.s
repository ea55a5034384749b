; expect: '.block' has no key 'colums'
.matrix w rows=4 columns=4
.block rows=4 colums=4
.core 0
    halt
