#!/usr/bin/env bash
# Help of every command, and what wrong usage says.
source "$(dirname "$0")/common.bash"

expect "help" 0 "commands" "$PANTHER" --help
expect "version" 0 "panther 0" "$PANTHER" --version
expect "no command" 2 "usage: panther COMMAND" "$PANTHER"
expect "unknown command" 2 "did you mean 'run'?" "$PANTHER" rnu
for command in compile run asm disasm machine import completion report plan; do
    expect "help of $command" 0 "usage: panther $command [OPTION...]" "$PANTHER" "$command" --help
    expect "$command without operands" 2 "panther $command --help" "$PANTHER" "$command"
    expect "$command with an unknown option" 2 "no option '--frobnicate'" \
        "$PANTHER" "$command" --frobnicate x
done
expect "every option has a line of help" 0 "--max-cycles N" "$PANTHER" run --help
expect "misspelt option" 2 "did you mean --epochs?" "$PANTHER" run --epocs=3 x.pan
expect "option of another command" 2 "no option '--emit'" "$PANTHER" run --emit ir x.pan
expect "missing value" 2 "needs a value" "$PANTHER" run x.pan --data
expect "too many operands" 2 "run takes FILE.pan|FILE.pimg" "$PANTHER" run a b
expect "number out of range" 2 "--variant takes a whole number from 1 to 3" \
    "$PANTHER" run "$examples/mlp_digits.pan" --variant 4
expect "not a number" 2 "not '3x'" "$PANTHER" run "$examples/mlp_digits.pan" --epochs 3x
expect "unknown mode" 2 "one of stream, digit, batch, ideal" \
    "$PANTHER" run "$examples/mlp_digits.pan" --opa-mode fast
expect "bad slices" 2 "--slices 1" "$PANTHER" run "$examples/mlp_digits.pan" --slices 1
expect "bad CRS period" 2 "--crs takes" "$PANTHER" run "$examples/mlp_digits.pan" --crs 3epochs
expect "resume without weights" 2 "--resume needs --weights" \
    "$PANTHER" run "$examples/mlp_digits.pan" --resume
expect "timing of an interpreter" 2 "an interpreter counts no cycles" \
    "$PANTHER" run "$examples/mlp_digits.pan" --interpreter fixed --timing-only
expect "bad input option" 2 "--input takes PORT=FILE" \
    "$PANTHER" run "$examples/mlp_digits.pan" --input image
expect "unknown interpreter" 2 "one of fixed, float" \
    "$PANTHER" run "$examples/mlp_digits.pan" --interpreter double
expect "asm without output" 2 "asm needs -o FILE" "$PANTHER" asm x.s
expect "import without output" 2 "import needs -o FILE.pan" "$PANTHER" import x.onnx
expect "machine without verb" 2 "takes show, check or list" "$PANTHER" machine print
finish
