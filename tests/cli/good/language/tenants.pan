include "lenet5.pan"                           # train and deploy of included files are not taken over
include "resnet18.pan"
include "chars.pan"
deploy {
    machine = "machines/panther.yaml"
    place lenet5   { tiles = range(0, 8) }
    place resnet18 { share = 4 }
    place chars    { share = 1; nodes = [0] }
}
