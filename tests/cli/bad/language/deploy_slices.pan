# expect: 'slices' lists the bits of each slice, most significant first, as in "44466555", found "44x"
deploy { slices = "44x" }
