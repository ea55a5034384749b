# expect: cannot read 'no_such_file.pan': No such file or directory
include "no_such_file.pan"
