#include "ir/graph.h"

#define A(name) (UINT64_C(1) << IR_ATTR_##name)

const ir_op_row ir_ops[IR_OPCODES] = {
#define OP(name, low, high, class, result, attrs, meaning)                                         \
    {#name, low, high, IR_CLASS_##class, IR_RESULT_##result, attrs, meaning},
#include "ir/ops.def"
#undef OP
};

const char *const ir_attr_names[IR_ATTRS] = {
#define ATTR(name, kind, meaning) #name,
#include "ir/attrs.def"
#undef ATTR
};

const ir_attr_kind ir_attr_kinds[IR_ATTRS] = {
#define ATTR(name, kind, meaning) IR_ATTR_##kind,
#include "ir/attrs.def"
#undef ATTR
};

const ir_type ir_no_type = {IR_NONE, 0, 0};

_Static_assert(IR_ATTRS <= 64, "the sets of attributes in ir_op_row are 64 bits wide");
