"""Writes files like MNIST's with made-up digits (blobs on a dark ground) into a folder."""
import gzip
import os
import random
import struct
import sys


def write(folder, name, count, seed):
    source = random.Random(seed)
    images, labels = bytearray(), bytearray()
    masks = [bytes(source.choice((0, 0, 0, 0, 200, 255)) for _ in range(784)) for _ in range(10)]
    for _ in range(count):
        label = source.randrange(10)
        noise = source.getrandbits(784 * 8).to_bytes(784, "little")
        images += bytes(m & n for m, n in zip(masks[label], noise))
        labels.append(label)
    with gzip.open(os.path.join(folder, f"{name}-images-idx3-ubyte.gz"), "wb", 1) as out:
        out.write(struct.pack(">IIII", 2051, count, 28, 28) + images)
    with gzip.open(os.path.join(folder, f"{name}-labels-idx1-ubyte.gz"), "wb", 1) as out:
        out.write(struct.pack(">II", 2049, count) + labels)


write(sys.argv[1], "train", 60000, 1)
write(sys.argv[1], "t10k", 10000, 1)
