network rows(image: seq[28, vec[28]]) -> vec[10] {     # an MNIST image read row by row
    forward  = last(gru(image, 64))
    backward = last(gru(reverse(image), 64))
    return dense(concat(forward, backward), 10)
}
