const MNIST = "data/mnist/"
data digits {                                  # idx files, gzip or not
    train   = idx(MNIST + "train-images-idx3-ubyte.gz", MNIST + "train-labels-idx1-ubyte.gz")
    test    = idx(MNIST + "t10k-images-idx3-ubyte.gz", MNIST + "t10k-labels-idx1-ubyte.gz")
    valid   = 0.1                              # taken from train
    scale   = 1/255;  shuffle = true           # shuffle = true is the default
}
data photos {
    train   = cifar100("data/cifar-100/train.bin");  test = cifar100("data/cifar-100/test.bin");  valid = 0.1
    scale   = 1/255;  mean = [0.507, 0.487, 0.441];  std = [0.267, 0.256, 0.276];  augment = [flip(), crop(4)]
}
data wine  { train = csv("data/wine_data.csv", skip = 1, label = 13); test = 0.2; seed = 7; standardize = true }
data novel { train = text("data/novel.txt", window = 64); valid = 0.05; test = 0.05 }
