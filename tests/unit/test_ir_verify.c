#include "tests/unit/ir_fixture.h"

/* Each rule of the verifier has a module that breaks it, and the message it gives. */

#define NUMERICS                                                                                   \
    "numerics {slices = [4 4 4 6 6 5 5 5], radix_bits = 4, adc_extra_bits = 6, rows = 128, "       \
    "columns = 128, mode = stream, rounding = off, round_row = 0, round_column = 0, "              \
    "q_activation = 9, q_weight = 26, q_error = 14}\n"
#define MATRICES                                                                                   \
    "matrix @w {outputs = 10, inputs = 200, q = 26, frozen = 0} {\n"                               \
    "  tensor \"w.weight\" {rank = 2, input0 = 0, output0 = 0, inputs = 199, outputs = 10, init "  \
    "= uniform, value = 0.1}\n"                                                                    \
    "  tensor \"w.bias\" {rank = 1, input0 = 199, output0 = 0, inputs = 1, outputs = 10, init = "  \
    "constant, value = 0}\n"                                                                       \
    "}\n"                                                                                          \
    "matrix @f {outputs = 4, inputs = 4, q = 26, frozen = 1} {\n}\n"
#define OPEN                                                                                       \
    "graph @g (n: 16, t: 4) {\n"                                                                   \
    "  buffer @r {node = 0, tile = 1, words = 128, depth = 2, consumers = 1, address = -1}\n"      \
    "  buffer @s {node = 0, tile = 2, words = 4, depth = 2, consumers = 1, address = 0}\n"         \
    "  %1 = input {port = 0} : vec<199 q9> [n]\n"                                                  \
    "  %2 = const {value = 1} : vec<1 q9> []\n"                                                    \
    "  %3 = input {port = 1} : label<10> [n]\n"                                                    \
    "  %4 = const {value = 1} : vec<10 q17> []\n"                                                  \
    "  %5 = const {value = 1} : vec<4 q9> [t]\n"

static const char *const sound[] = {
    "%6 = mvm %1, %2 {matrix = @w} : vec<10 q9> [n]\n  %7 = opa %4, %1, %2 {matrix = @w, ncol = 1} "
    "[n]",
    "%6 = slice %1 {first = 128} : vec<71 q9> [n]\n"
    "  %7 = mvm %6, %2 {matrix = @w, block = (1, 0)} : vec<10 q9> [n]",
    "%6 = mtvm %4 {matrix = @w} : vec<200 q14> []",
    "%6 = onehot %3 : vec<10 q14> [n]",
    "%6 = store %5 {buffer = @s} : vec<4 q9> [t] at(0, 2, 0, -1)\n"
    "  %7 = load %6 {buffer = @s, take = 1} : vec<4 q9> [t] at(0, 2, 1, -1)",
    "%6 = gt %5, %2 : vec<4 q0> [t]\n  %7 = select %6, %5, %2 : vec<4 q3> [t]",
    "%6 = random {stream = 3} : vec<4 q15> [n, t]",
    "%6 = concat %5, %5, %2 : vec<9 q9> [t]",
    "%6 = bcast %2 : vec<77 q9> []",
    "%6 = output %3 {port = 0} [n]",
    "%6 = output %5 {port = 0} [t]\n  %7 = output %2 {port = 0, first = 4} [t]",
};

/* Maps of 3 lanes: 5 x 4, and 3 x 2 at the positions of a 3 x 3 kernel. */
#define MAPS                                                                                       \
    "graph @g (n: 16, y: 5, x: 4, v: 3, u: 2) {\n"                                                 \
    "  %1 = input {port = 0} : vec<3 q9> [n, y, x]\n"                                              \
    "  %2 = input {port = 1} : vec<3 q9> [n, v, u]\n"                                              \
    "  %3 = input {port = 2} : vec<60 q9> [n]\n"                                                   \
    "  %4 = const {value = 1} : vec<3 q9> [y, x]\n"
#define TAP "{kernel = (3, 3), stride = (1, 1), pad = (0, 0), at = (2, 1), "
#define K3 "{kernel = (3, 3), stride = (1, 1), pad = (0, 0)}"

static const char *const sound_maps[] = {
    "%5 = window %1 " K3 " : vec<27 q9> [n, v, u]\n  %6 = fold %5 " K3 " : vec<3 q9> [n, y, x]",
    "%5 = window %4 " K3 " : vec<27 q9> [v, u]",
    "%5 = window %1 {kernel = (2, 3), stride = (2, 2), pad = (1, 1)} : vec<18 q9> [n, v, u]",
    "%5 = window %1 {kernel = (1, 5), stride = (1, 1), pad = (0, 2)} : vec<15 q9> [n, y, x]",
    "%5 = pool_max %1 " K3 " : vec<3 q9> [n, v, u]\n"
    "  %6 = unpool %2, %1, %5 " K3 " : vec<3 q9> [n, y, x]",
    "%5 = pool_max %4 " K3 " : vec<3 q9> [v, u]\n"
    "  %6 = unpool %2, %4, %5 " K3 " : vec<3 q9> [n, y, x]",
    "%5 = pool_sum %1 " K3 " : vec<3 q5> [n, v, u]\n  %6 = spread %5 " K3 " : vec<3 q8> [n, y, x]",
    "%5 = flatten %1 : vec<60 q9> [n]\n  %6 = unflatten %5 : vec<3 q9> [n, y, x]",
    "%5 = total %1 : vec<3 q3> [n]\n  %6 = add %1, %5 : vec<3 q9> [n, y, x]",
    "%5 = tap %1 " TAP "first = 2, fill = -32768} : vec<4 q9> [n, v, u]",
    "%5 = untap %2 " TAP "first = 2} : vec<1 q9> [n, y, x]",
    "%5 = running %1 : vec<3 q5> [n, y, x]\n  %6 = final %5 : vec<3 q5> [n]",
    "%5 = flatten %1 {first = 58, layout = pixels} : vec<2 q9> [n]",
    "%5 = unflatten %3, %3 {first = 4, layout = pixels} : vec<2 q9> [n, y, x]",
    "%5 = output %1 {port = 0, first = 3} [n, y, x]",
    "%5 = output %1 {port = 0, layout = pixels} [n, y, x]",
    "%5 = reverse %1 {first = 1} : vec<2 q9> [n, y, x]",
    "%5 = const {value = 1} : vec<3 q9> []\n  %6 = prev %5 {state = 0} : vec<3 q9> [n, y, x]\n"
    "  %7 = add %6, %1 : vec<3 q9> [n, y, x]\n  %8 = next %7 {state = 0} : vec<3 q9> [n, y, x]",
    "%5 = final %1 : vec<3 q9> [n]\n  %6 = prev %5 {state = 7} : vec<3 q9> [n, y, x]\n"
    "  %7 = next %1 {state = 7} : vec<3 q9> [n, y, x]",
};

static const struct {
    const char *lines, *message;
} broken_maps[] = {
    {"%5 = window %1 {kernel = (3, 3), stride = (1, 1)} : vec<27 q9> [n, v, u]",
     "window %5: needs the attribute 'pad'"},
    {"%5 = window %1 {kernel = (3, 0), stride = (1, 1), pad = (0, 0)} : vec<27 q9> [n, v, u]",
     "window %5: 'kernel' must be from 1 to 65536, found 0"},
    {"%5 = window %1 {kernel = (3, 3), stride = (0, 1), pad = (0, 0)} : vec<27 q9> [n, v, u]",
     "window %5: 'stride' must be from 1 to 65536, found 0"},
    {"%5 = window %1 {kernel = (3, 3), stride = (1, 1), pad = (0, -1)} : vec<27 q9> [n, v, u]",
     "window %5: 'pad' must be from 0 to 65536, found -1"},
    {"%5 = window %1 " K3 " : vec<27 q9> [n]", "window %5: must run over rows and columns"},
    {"%5 = window %3 " K3 " : vec<27 q9> [n, v, u]",
     "window %5: argument 1 must run over rows and columns"},
    {"%5 = window %4 " K3 " : vec<27 q9> [n, v, u]",
     "window %5: argument 1 and the result run over different dimensions beside rows and columns"},
    {"%5 = window %1 " K3 " : vec<27 q9> [v, u]",
     "window %5: argument 1 and the result run over different dimensions beside rows and columns"},
    {"%5 = window %1 " K3 " : vec<27 q9> [n, y, x]",
     "window %5: a kernel of 3 with stride 1 and pad 0 has 3 positions on 5 rows, not 5"},
    {"%5 = window %1 {kernel = (3, 3), stride = (1, 2), pad = (0, 0)} : vec<27 q9> [n, v, u]",
     "window %5: a kernel of 3 with stride 2 and pad 0 has 1 positions on 4 columns, not 2"},
    {"%5 = window %1 {kernel = (6, 3), stride = (1, 1), pad = (0, 0)} : vec<54 q9> [n, v, u]",
     "window %5: a kernel of 6 with stride 1 and pad 0 has 0 positions on 5 rows, not 3"},
    {"%5 = window %1 " K3 " : vec<26 q9> [n, v, u]",
     "window %5: 3 lanes of 9 pixels are not 26 lanes"},
    {"%5 = window %1 " K3 " : vec<27 q8> [n, v, u]",
     "window %5: argument and result have formats q9 and q8"},
    {"%5 = fold %2 " K3 " : vec<3 q9> [n, y, x]", "fold %5: 3 lanes of 9 pixels are not 3 lanes"},
    {"%5 = pool_max %1 " K3 " : vec<4 q9> [n, v, u]",
     "pool_max %5: makes 3 lanes, but its type says 4"},
    {"%5 = pool_max %1 " K3 " : vec<3 q8> [n, v, u]",
     "pool_max %5: makes format q9, but its type says q8"},
    {"%5 = reverse %1 : vec<4 q9> [n, y, x]", "reverse %5: lanes 0 to 3 of 3"},
    {"%5 = output %1 {port = 0} [n, y, x]\n"
     "  %6 = output %1 {port = 0, first = 3, layout = pixels} [n, y, x]",
     "output %6: port 0 is used with another space, format or layout by %5"},
    {"%5 = final %1 : vec<3 q9> [n]\n  %6 = prev %5 {state = 7} : vec<3 q9> [n, y, x]",
     "prev %6: a state has one prev and, behind it, one next"},
    {"%5 = next %1 {state = 7} : vec<3 q9> [n, y, x]",
     "next %5: a state has one prev and, behind it, one next"},
    {"%5 = next %1 : vec<3 q9> [n, y, x]", "next %5: needs the attribute 'state'"},
    {"%5 = prev %1 {state = 0} : vec<3 q9> [n, y, x]\n"
     "  %6 = next %1 {state = 0} : vec<3 q9> [n, y, x]",
     "prev %5: its first value must be the same for a whole map"},
    {"%5 = prev %3 {state = 0} : vec<60 q9> [n]\n  %6 = next %3 {state = 0} : vec<60 q9> [n]",
     "prev %5: must run over rows and columns"},
    {"%5 = final %1 : vec<3 q9> [n]\n  %6 = prev %5 {state = 7} : vec<3 q9> [n, y, x]\n"
     "  %7 = next %2 {state = 7} : vec<3 q9> [n, v, u]",
     "prev %6: runs over another space than its next, %7"},
    {"%5 = const {value = 0} : vec<2 q9> []\n  %6 = prev %5 {state = 7} : vec<2 q9> [n, y, x]\n"
     "  %7 = next %1 {state = 7} : vec<3 q9> [n, y, x]",
     "prev %6: has another type than its next, %7"},
    {"%5 = final %1 : vec<3 q9> [n]\n  %6 = prev %5 {state = 7} : vec<3 q9> [n, y, x]\n"
     "  %7 = reverse %6 : vec<3 q9> [n, y, x]\n  %8 = next %7 {state = 7} : vec<3 q9> [n, y, x]",
     "reverse %7: takes a whole map, of which a recurrence makes one point from another"},
    {"%5 = pool_max %1 {kernel = (1, 1), stride = (3, 2), pad = (2, 0)} : vec<3 q9> [n, v, u]",
     "pool_max %5: a pad as large as the kernel leaves a position without a pixel"},
    {"%5 = unpool %2, %2, %2 " K3 " : vec<3 q9> [n, y, x]",
     "unpool %5: argument 2 has other rows and columns than it should"},
    {"%5 = unpool %2, %1, %1 " K3 " : vec<3 q9> [n, y, x]",
     "unpool %5: argument 3 has other rows and columns than it should"},
    {"%5 = slice %1 {first = 0} : vec<1 q9> [n, y, x]\n"
     "  %6 = unpool %2, %5, %2 " K3 " : vec<3 q9> [n, y, x]",
     "unpool %6: arguments and result must have as many lanes"},
    {"%5 = convert %1 : vec<3 q8> [n, y, x]\n"
     "  %6 = unpool %2, %5, %2 " K3 " : vec<3 q9> [n, y, x]",
     "unpool %6: compares formats q8 and q9"},
    {"%5 = flatten %1 : vec<61 q9> [n]", "flatten %5: 3 lanes of 20 pixels are not 61 lanes"},
    {"%5 = flatten %3 : vec<60 q9> []", "flatten %5: argument 1 must run over rows and columns"},
    {"%5 = unflatten %3 : vec<4 q9> [n, y, x]",
     "unflatten %5: 4 lanes of 20 pixels are not 60 lanes"},
    {"%5 = total %1 : vec<3 q9> []",
     "total %5: argument 1 and the result run over different dimensions beside rows and columns"},
    {"%5 = tap %1 " TAP "first = 2} : vec<5 q9> [n, v, u]", "tap %5: lanes 2 to 6 of 6"},
    {"%5 = tap %1 " TAP "first = 0} : vec<5 q8> [n, v, u]",
     "tap %5: argument 1 has format q9, the result q8"},
    {"%5 = tap %1 " TAP "fill = -1} : vec<5 q9> [n, v, u]",
     "tap %5: 'fill' must be 0 or -32768, found -1"},
    {"%5 = tap %1 " K3 " : vec<3 q9> [n, v, u]", "tap %5: needs the attribute 'at'"},
    {"%5 = tap %1 {kernel = (3, 3), stride = (1, 1), pad = (0, 0), at = (1, 3)} : vec<3 q9> "
     "[n, v, u]", "tap %5: a kernel of 3 x 3 has no tap (1, 3)"},
    {"%5 = untap %2 " TAP "first = 2} : vec<2 q9> [n, y, x]", "untap %5: lanes 2 to 3 of 3"},
    {"%5 = running %1 : vec<3 q9> [n, v, u]",
     "running %5: argument 1 has other rows and columns than it should"},
    {"%5 = final %1 : vec<3 q8> [n]", "final %5: makes format q9, but its type says q8"},
    {"%5 = flatten %1 {first = 58} : vec<3 q9> [n]", "flatten %5: lanes 58 to 60 of 60"},
    {"%5 = flatten %1 {layout = rows} : vec<60 q9> [n]", "flatten %5: 'layout' cannot be 'rows'"},
    {"%5 = unflatten %3, %3 : vec<3 q9> [n, y, x]",
     "unflatten %5: 20 pixels do not have 120 lanes together"},
    {"%5 = unflatten %3, %3 {first = 5} : vec<2 q9> [n, y, x]", "unflatten %5: lanes 5 to 6 of 6"},
    {"%5 = add %1, %2 : vec<3 q9> [n, y, x]",
     "add %5: argument 2 runs over a dimension that the op does not have"},
};

static const struct {
    const char *lines, *message;
} broken[] = {
    /* structure */
    {"%6 = add %1 : vec<199 q9> [n]", "add %6: takes 2 arguments, found 1"},
    {"%6 = concat : vec<1 q9> []", "concat %6: takes at least 1 argument, found 0"},
    {"%6 = output %1 {port = 0} [n]\n  %7 = neg %6 : vec<1 q9> [n]",
     "neg %7: argument 1, output %6, has no value"},
    {"%6 = neg %1 : vec<199 q9> []",
     "neg %6: argument 1 runs over a dimension that the op does not have"},
    {"%6 = neg %1 : vec<199 q9> [t, n]",
     "neg %6: its space must list dimensions of the graph in their order"},
    {"%6 = neg %1 : vec<199 q9> [n, n]",
     "neg %6: its space must list dimensions of the graph in their order"},
    /* types */
    {"%6 = neg %1 [n]", "neg %6: has a result, but no type"},
    {"%6 = output %1 {port = 0} : vec<199 q9> [n]", "output %6: has no result, but it has a type"},
    {"%6 = neg %1 : label<199> [n]", "neg %6: cannot make a label"},
    {"%6 = neg %3 : vec<10 q9> [n]", "neg %6: argument 1 must be a vector"},
    {"%6 = onehot %1 : vec<199 q9> [n]", "onehot %6: argument 1 must be a label"},
    {"%6 = add %1, %5 : vec<199 q9> [n, t]", "add %6: arguments of 4 and 199 lanes do not fit"},
    {"%6 = add %5, %2 : vec<5 q9> [t]", "add %6: makes 4 lanes, but its type says 5"},
    {"%6 = round %5 {grid = 3} : vec<4 q8> [t]", "round %6: makes format q9, but its type says q8"},
    {"%6 = gt %5, %2 : vec<4 q9> [t]", "gt %6: makes format q0, but its type says q9"},
    {"%6 = sum %5 : vec<4 q9> [t]", "sum %6: makes one lane, but its type says 4"},
    {"%6 = slice %5 {first = 2} : vec<3 q9> [t]", "slice %6: lanes 2 to 4 of a vector of 4 lanes"},
    {"%6 = slice %5 {first = 0} : vec<3 q8> [t]",
     "slice %6: makes format q9, but its type says q8"},
    {"%6 = concat %5, %2 : vec<6 q9> [t]", "concat %6: makes 5 lanes, but its type says 6"},
    {"%6 = concat %5, %4 : vec<14 q9> [t]", "concat %6: argument 2 has format q17, the result q9"},
    {"%6 = bcast %5 : vec<8 q9> [t]", "bcast %6: takes one lane, found 4"},
    {"%6 = onehot %3 : vec<9 q9> [n]",
     "onehot %6: a label of 10 classes makes 10 lanes, but the type says 9"},
    {"%6 = random : vec<4 q9> []", "random %6: makes format q15, but its type says q9"},
    {"%6 = sign %5 : vec<5 q0> [t]", "sign %6: makes 4 lanes, but its type says 5"},
    {"%6 = mse %5, %2 : vec<1 q9> [t]", "mse %6: arguments of 4 and 1 lanes do not fit"},
    {"%6 = descend %5, %2 [t]", "descend %6: argument 1 must have one lane, found 4"},
    /* matrices */
    {"%6 = mvm %1, %2 {matrix = @v} : vec<10 q9> [n]", "mvm %6: there is no matrix 'v'"},
    {"%6 = mvm %1, %2 {matrix = @w, block = (2, 0)} : vec<10 q9> [n]",
     "mvm %6: 'w' has 2 x 1 blocks and no block (2, 0)"},
    {"%6 = mvm %1 {matrix = @w} : vec<10 q9> [n]",
     "mvm %6: the operand has 199 lanes, but 'w' takes 200"},
    {"%6 = mvm %1, %2 {matrix = @w} : vec<11 q9> [n]",
     "mvm %6: 'w' makes 10 lanes, but the type says 11"},
    {"%6 = convert %2 : vec<1 q8> []\n  %7 = mvm %1, %6 {matrix = @w} : vec<10 q9> [n]",
     "mvm %7: the operand mixes formats q9 and q8"},
    {"%6 = opa %4, %1, %2 {matrix = @w, ncol = 3} [n]",
     "opa %6: 'ncol' is 3, which leaves no row operand"},
    {"%6 = convert %4 : vec<10 q16> []\n  %7 = opa %6, %1, %2 {matrix = @w, ncol = 1} [n]",
     "opa %7: operands of q16 and q9 do not land on the grid q26 of 'w'"},
    {"%6 = convert %5 : vec<4 q17> [t]\n  %7 = opa %6, %5 {matrix = @f, ncol = 1} [t]",
     "opa %7: 'f' is frozen and cannot be updated"},
    {"%6 = opa %4, %1, %2 {matrix = @w, ncol = 1} [n]\n  %7 = mtvm %4 {matrix = @w} : vec<200 q9> "
     "[]",
     "mtvm %7: reads 'w' after its update by %6"},
    {"%6 = slice %1 {first = 0} : vec<128 q9> [n]\n"
     "  %7 = opa %4, %6 {matrix = @w, ncol = 1, block = (0, 0)} [n]\n"
     "  %8 = mvm %6 {matrix = @w, block = (0, 0)} : vec<10 q9> [n]",
     "mvm %8: reads 'w' after its update by %7"},
    {"%6 = slice %1 {first = 0} : vec<128 q9> [n]\n"
     "  %7 = opa %4, %6 {matrix = @w, ncol = 1, block = (0, 0)} [n]\n"
     "  %8 = mtvm %4 {matrix = @w} : vec<200 q9> []",
     "mtvm %8: reads 'w' after its update by %7"},
    /* attributes */
    {"%6 = neg %5 {port = 1} : vec<4 q9> [t]", "neg %6: has no attribute 'port'"},
    {"%6 = input : vec<4 q9> [t]", "input %6: needs the attribute 'port'"},
    {"%6 = const : vec<4 q9> [t]", "const %6: needs the attribute 'value'"},
    {"%6 = mvm %1, %2 : vec<10 q9> [n]", "mvm %6: needs the attribute 'matrix'"},
    {"%6 = round %5 {grid = 15} : vec<4 q9> [t]",
     "round %6: 'grid' must be from 0 to 14, found 15"},
    {"%6 = mvm %1, %2 {matrix = @w, block = (0, -1)} : vec<10 q9> [n]",
     "mvm %6: 'block' must be from 0 to 16777216, found -1"},
    {"%6 = round %5 {grid = 1, mode = up} : vec<4 q9> [t]", "round %6: 'mode' cannot be 'up'"},
    {"%6 = input {port = 2, role = boss} : vec<4 q9> [t]", "input %6: 'role' cannot be 'boss'"},
    /* ports */
    {"%6 = input {port = 0} : vec<4 q9> [t]",
     "input %6: port 0 is used with another space, format or layout by %1"},
    {"%6 = output %1 {port = 0} [n]\n  %7 = output %4 {port = 0} [n]",
     "output %7: port 0 is used with another space, format or layout by %6"},
    /* routing */
    {"%6 = store %5 {buffer = @q} : vec<4 q9> [t]", "store %6: there is no buffer 'q'"},
    {"%6 = store %1 {buffer = @s} : vec<199 q9> [n]",
     "store %6: 199 words do not fit the 4 words of a slot of 's'"},
    {"%6 = store %5 {buffer = @s} : vec<4 q8> [t]", "store %6: must have the type of its argument"},
    {"%6 = store %5 {buffer = @s} : vec<4 q9> [t]\n  %7 = load %6 {buffer = @r} : vec<4 q9> [t]",
     "load %7: reads the ring 'r', but its value is in 's'"},
    {"%6 = store %5 {buffer = @s} : vec<4 q9> [t] at(0, 1, 0, -1)",
     "store %6: is on node 0 tile 1, but the ring 's' is on node 0 tile 2"},
};

static const struct {
    const char *text, *message;
} broken_modules[] = {
    {NUMERICS MATRICES "matrix @w {outputs = 1, inputs = 1, q = 1, frozen = 0} {\n}\n",
     "two matrices are called 'w'"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 0, output0 = 0, inputs = 9, outputs = 5, init = "
              "normal, value = 1}\n"
              "  tensor \"b\" {rank = 2, input0 = 8, output0 = 4, inputs = 1, outputs = 1, init = "
              "normal, value = 1}\n}\n",
     "tensors 'a' and 'b' overlap"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 1, output0 = 0, inputs = 9, outputs = 5, init = "
              "normal, value = 1}\n}\n",
     "tensor 'a' is not inside the matrix 'w'"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 1, input0 = 1, output0 = 0, inputs = 2, outputs = 5, init = "
              "normal, value = 1}\n}\n",
     "tensor 'a' of 5 x 2 cannot have rank 1"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 1, input0 = 1, output0 = 0, inputs = 1, outputs = 5, init = "
              "normal, value = 1}\n"
              "  tensor \"a\" {rank = 1, input0 = 2, output0 = 0, inputs = 1, outputs = 5, init = "
              "normal, value = 1}\n}\n",
     "two tensors are called 'a'"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 1, input0 = 1, output0 = 0, inputs = 1, outputs = 5, init = "
              "constant, value = 1, fold = scale, eps = 0.5}\n}\n",
     "tensor 'a' cannot be folded into the matrix 'w'"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 4, input0 = 2, output0 = 0, inputs = 2, outputs = 5, "
              "kernel_rows = 2, kernel_columns = 1, pixel = 7, init = normal, value = 1}\n}\n",
     "tensor 'a' is not inside the matrix 'w'"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 2, output0 = 0, inputs = 2, outputs = 5, "
              "pixel = 7, init = normal, value = 1}\n}\n",
     "tensor 'a' of 5 x 2 cannot have rank 2"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 4, input0 = 0, output0 = 0, inputs = 8, outputs = 5, "
              "kernel_rows = 3, kernel_columns = 1, init = normal, value = 1}\n}\n",
     "tensor 'a' of 5 x 8 cannot have rank 4"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 4, input0 = 0, output0 = 0, inputs = 8, outputs = 5, "
              "init = normal, value = 1}\n}\n",
     "tensor 'a' of 5 x 8 cannot have rank 4"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 0, output0 = 0, inputs = 8, outputs = 5, "
              "kernel_rows = 1, kernel_columns = 3, init = normal, value = 1}\n}\n",
     "tensor 'a' of 5 x 8 cannot have rank 2"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 0, output0 = 0, inputs = 8, outputs = 5, "
              "part = 0, whole = 4, init = normal, value = 1}\n}\n",
     "tensor 'a' has 4 outputs and no 0 to 4"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 0, output0 = 0, inputs = 8, outputs = 5, "
              "part = 1, whole = 9, init = normal, value = 1}\n}\n",
     "a part of tensor 'a' does not follow the one before"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 0, output0 = 0, inputs = 8, outputs = 5, "
              "part = 0, whole = 9, init = normal, value = 1}\n}\n",
     "tensor 'a' ends after 5 of 9 outputs"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 0, output0 = 0, inputs = 8, outputs = 5, "
              "part = 0, whole = 9, init = normal, value = 1}\n}\n"
              "matrix @v {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  tensor \"a\" {rank = 2, input0 = 0, output0 = 0, inputs = 7, outputs = 4, "
              "part = 5, whole = 9, init = normal, value = 1}\n}\n",
     "a part of tensor 'a' does not follow the one before"},
    {NUMERICS "matrix @v {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  block 0, 0 at(0, 0, 0, 1)\n}\n"
              "matrix @w {outputs = 9, inputs = 129, q = 1, frozen = 0} {\n"
              "  block 0, 0 at(0, 0, 0, 0)\n  block 1, 0 at(0, 0, 0, 1)\n}\n",
     "share the mcu (0, 0, 0, 1)"},
    {NUMERICS "matrix @v {outputs = 9, inputs = 9, q = 1, frozen = 0} {\n"
              "  block 0, 0 at(0, 0, -1, 1)\n}\n",
     "block 0 of 'v' is placed at (0, 0, -1, 1)"},
    {NUMERICS "matrix @v {outputs = 9, inputs = 9, q = 18, frozen = 0} {\n"
              "  block 0, 0 at(0, 0, 0, 1)\n}\n"
              "graph @g () {\n  %1 = const {value = 1} : vec<9 q9> []\n"
              "  %2 = mvm %1 {matrix = @v, block = (0, 0)} : vec<9 q9> [] at(0, 0, 0, 0)\n}\n",
     "mvm %2: is placed elsewhere than its block of 'v'"},
    {NUMERICS "matrix @v {outputs = 9, inputs = 9, q = 18, frozen = 0, copy_of = @w} {\n}\n",
     "'v' is a copy of 'w', which no matrix before it is called"},
    {NUMERICS "matrix @w {outputs = 9, inputs = 8, q = 18, frozen = 0} {\n}\n"
              "matrix @v {outputs = 9, inputs = 9, q = 18, frozen = 0, copy_of = @w} {\n}\n",
     "'v' is no copy of 'w': it differs, or has tensors of its own"},
    {NUMERICS "graph @g () {\n}\ngraph @g () {\n}\n", "two graphs are called 'g'"},
    {NUMERICS "graph @g (n: 2, n: 2) {\n}\n", "graph 'g' has two dimensions 'n'"},
    {NUMERICS
     "graph @g () {\n"
     "  buffer @r {node = 0, tile = 1, words = 1, depth = 2, consumers = 1, address = 0}\n"
     "  buffer @r {node = 0, tile = 1, words = 1, depth = 2, consumers = 1, address = 2}\n}\n",
     "graph 'g' has two buffers 'r'"},
    {NUMERICS
     "graph @g () {\n"
     "  buffer @r {node = 0, tile = 1, words = 65536, depth = 65536, consumers = 1, address "
     "= 0}\n}\n",
     "buffer 'r' has 65536 slots of 65536 words"},
    {NUMERICS "graph @g (a: 65536, b: 65536) {\n  %1 = random : vec<1024 q15> [a, b]\n}\n",
     "random %1: has too many points"},
};

/* A tensor of a convolution's weights in the matrices of two groups. */
static const char groups[] =
    "\nmatrix @\"c[0]\" {outputs = 2, inputs = 19, q = 26, frozen = 0} {\n"
    "  tensor \"c.weight\" {rank = 4, input0 = 0, output0 = 0, inputs = 18, outputs = 2, "
    "kernel_rows = 3, kernel_columns = 3, part = 0, whole = 4, init = uniform, value = 0.25}\n"
    "  tensor \"c.bias\" {rank = 1, input0 = 18, output0 = 0, inputs = 1, outputs = 2, part = 0, "
    "whole = 4, init = constant, value = 0}\n}\n"
    "\nmatrix @\"c[1]\" {outputs = 2, inputs = 19, q = 26, frozen = 0} {\n"
    "  tensor \"c.weight\" {rank = 4, input0 = 0, output0 = 0, inputs = 18, outputs = 2, "
    "kernel_rows = 3, kernel_columns = 3, part = 2, whole = 4, init = uniform, value = 0.25}\n"
    "  tensor \"c.bias\" {rank = 1, input0 = 18, output0 = 0, inputs = 1, outputs = 2, part = 2, "
    "whole = 4, init = constant, value = 0}\n}\n";

static void test_parts_of_tensors(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    ir_module *m = read_sound(&f, arena_printf(f.memory, "%s%s", NUMERICS, groups));
    assert_non_null(strstr(text_of(f.memory, m), groups));
    uint32_t shape[4];
    ir_tensor_shape(&m->matrices[1]->tensors[0], shape);
    static const uint32_t expected[] = {4, 2, 3, 3};
    assert_memory_equal(shape, expected, sizeof shape);
    fixture_close(&f);
}

static void test_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        fixture f;
        fixture_open(&f, &paper_numerics);
        read_sound(&f,
                   arena_printf(f.memory, "%s%s%s  %s\n}\n", NUMERICS, MATRICES, OPEN, sound[i]));
        fixture_close(&f);
    }
    for (size_t i = 0; i < sizeof sound_maps / sizeof *sound_maps; i++) {
        fixture f;
        fixture_open(&f, &paper_numerics);
        read_sound(&f, arena_printf(f.memory, "%s%s  %s\n}\n", NUMERICS, MAPS, sound_maps[i]));
        fixture_close(&f);
    }
}

static void expect(const char *text, const char *pass, const char *message)
{
    fixture f;
    fixture_open(&f, &paper_numerics);
    ir_module *m = ir_parse(f.memory, f.sources, f.d, "test.ir", text, strlen(text));
    if (!m)
        fail_msg("cannot be read: %s", messages_of(f.memory, f.d));
    bool good = ir_verify(m, f.d, pass);
    const char *said = messages_of(f.memory, f.d);
    if (good || !strstr(said, message))
        fail_msg("expected '%s' of\n%s\nfound %s", message, text, good ? "nothing" : said);
    assert_int_equal(diag_errors(f.d), 1);
    fixture_close(&f);
}

static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        arena *memory = arena_new();
        const char *text =
            arena_printf(memory, "%s%s%s  %s\n}\n", NUMERICS, MATRICES, OPEN, broken[i].lines);
        expect(text, NULL, broken[i].message);
        arena_free(memory);
    }
    for (size_t i = 0; i < sizeof broken_maps / sizeof *broken_maps; i++) {
        arena *memory = arena_new();
        expect(arena_printf(memory, "%s%s  %s\n}\n", NUMERICS, MAPS, broken_maps[i].lines), NULL,
               broken_maps[i].message);
        arena_free(memory);
    }
    for (size_t i = 0; i < sizeof broken_modules / sizeof *broken_modules; i++)
        expect(broken_modules[i].text, NULL, broken_modules[i].message);
}

static void test_names_the_pass(void **state)
{
    (void)state;
    expect(NUMERICS "graph @g () {\n}\ngraph @g () {\n}\n", "partition",
           "error: after partition: two graphs are called 'g'");
}

static void test_all_graphs_are_checked(void **state)
{
    static const char text[] = NUMERICS "graph @g () {\n  %1 = random : vec<4 q9> []\n"
                                        "  %2 = random : vec<4 q8> []\n}\n"
                                        "graph @h () {\n  %1 = random : vec<4 q7> []\n}\n";
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    ir_module *m = ir_parse(f.memory, f.sources, f.d, "test.ir", text, sizeof text - 1);
    assert_non_null(m);
    assert_false(ir_verify(m, f.d, NULL));
    assert_int_equal(diag_errors(f.d), 3);
    fixture_close(&f);
}

/* What no text can say. */

static void expect_module(fixture *f, const char *message)
{
    assert_false(ir_verify(f->m, f->d, NULL));
    const char *said = messages_of(f->memory, f->d);
    if (!strstr(said, message))
        fail_msg("expected '%s', found %s", message, said);
    fixture_close(f);
}

static void test_structures(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    ir_graph *g = ir_graph_new(f.m, "g");
    ir_op *a = ir_op_new(g, NULL, IR_random, ir_vec(4, 15), NULL, 0, SOURCE_NOWHERE);
    ir_op *b = IR_OP(g, IR_neg, ir_vec(4, 9), SOURCE_NOWHERE, a);
    assert_true(ir_verify(f.m, f.d, NULL));
    ir_op_move(g, b, NULL);
    expect_module(&f, "neg %2: argument 1 is not made before it is used");

    fixture_open(&f, &paper_numerics);
    g = ir_graph_new(f.m, "g");
    a = ir_op_new(g, NULL, IR_random, ir_vec(4, 15), NULL, 0, SOURCE_NOWHERE);
    b = ir_op_new(g, NULL, IR_random, ir_vec(4, 15), NULL, 0, SOURCE_NOWHERE);
    b->id = a->id;
    expect_module(&f, "random %1: its number is used twice");

    fixture_open(&f, &paper_numerics);
    g = ir_graph_new(f.m, "g");
    ir_op_new(g, NULL, IR_random, ir_vec(4, 15), NULL, 0, SOURCE_NOWHERE);
    b = ir_op_new(g, NULL, IR_random, ir_vec(4, 15), NULL, 0, SOURCE_NOWHERE);
    b->previous = NULL;
    expect_module(&f, "graph 'g': the list of ops is broken");

    fixture_open(&f, &paper_numerics);
    g = ir_graph_new(f.m, "g");
    a = ir_op_new(g, NULL, IR_random, ir_vec(4, 15), NULL, 0, SOURCE_NOWHERE);
    IR_OP(g, IR_neg, ir_vec(4, 32), SOURCE_NOWHERE, a);
    expect_module(&f, "neg %2: has format q32; formats go from q0 to q31");

    fixture_open(&f, &paper_numerics);
    f.m->numerics.slices.radix_bits = 8;
    expect_module(&f, "numerics: 'radix_bits * slices' must be from 2 to 56, found 64");

    fixture_open(&f, &paper_numerics);
    f.m->numerics.slices.bits[3] = 13;
    expect_module(&f, "numerics: 'bits of a slice' must be from 2 to 12, found 13");

    fixture_open(&f, &paper_numerics);
    ir_matrix_new(f.m, "w", 0, 5, 3);
    expect_module(&f, "matrix 'w' of 0 x 5: sides go from 1 to");
}

/* Five dimensions together cannot be ordered in one space of four. */
static void test_updates_over_many_dimensions(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    ir_graph *g = ir_graph_new(f.m, "g");
    ir_matrix_new(f.m, "w", 4, 4, 24);
    for (int k = 0; k < 5; k++)
        ir_graph_dim(g, arena_printf(f.memory, "d%d", k), 2);
    for (int k = 0; k < 2; k++) {
        ir_op *x = ir_op_new(g, NULL, IR_const, ir_vec(4, 12), NULL, 0, SOURCE_NOWHERE);
        x->space = k ? (ir_space){1, {4}} : (ir_space){4, {0, 1, 2, 3}};
        ir_set_real(g, x, IR_ATTR_value, 1);
        ir_op *opa = IR_OP(g, IR_opa, ir_no_type, SOURCE_NOWHERE, x, x);
        ir_set_name(g, opa, IR_ATTR_matrix, "w");
        ir_set_int(g, opa, IR_ATTR_ncol, 1);
    }
    expect_module(&f, "opa %4: the updates of 'w' run over more than 4 dimensions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_of_tensors),
        cmocka_unit_test(test_sound),          cmocka_unit_test(test_broken),
        cmocka_unit_test(test_names_the_pass), cmocka_unit_test(test_all_graphs_are_checked),
        cmocka_unit_test(test_structures),     cmocka_unit_test(test_updates_over_many_dimensions),
    };
    return cmocka_run_group_tests_name("ir verify", tests, NULL, NULL);
}
