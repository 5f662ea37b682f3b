"""The names of what can be wrong with a call: what a case declares, and what a report says (docs/diagnosis.md)."""

from __future__ import annotations

AS_GO, AS_C = "called-as-go", "called-as-c"
AS_ABI0, AS_INTERNAL = "called-as-go-abi0", "called-as-go-internal"
NO_ROOM, ROOM = "no-result-pointer", "result-pointer-for-none"
INTEGER_FOR_FLOAT, FLOAT_FOR_INTEGER = "integer-for-float", "float-for-integer"
PROMOTED, VARIADIC, FIXED = "float-promoted", "called-as-variadic", "called-as-not-variadic"
BY_REFERENCE, APART, WHOLE = "struct-by-reference", "struct-members-apart", "struct-as-integers"
TOGETHER = ", "
"""Stands between the arguments that one belief is about."""
BELIEFS = (
    *(AS_GO, AS_C, AS_ABI0, AS_INTERNAL, NO_ROOM, ROOM, PROMOTED, BY_REFERENCE, APART, WHOLE),
    *(VARIADIC, FIXED, INTEGER_FOR_FLOAT, FLOAT_FOR_INTEGER),
)
"""What a caller may have taken a function for, in the order in which it is believed where several explain the same."""

DIRTY, MISALIGNED, UNCOUNTED = "narrow-integer-dirty", "stack-misaligned", "vectors-not-counted"
ON_GOROUTINE, CLOBBERED, NONE_FITS = "on-goroutine-stack", "callee-saved-clobbered", "none-fits"
FUNC_VALUE_AS_CODE, CODE_AS_FUNC_VALUE = "func-value-as-code", "code-as-func-value"
DEATHS = (FUNC_VALUE_AS_CODE, CODE_AS_FUNC_VALUE)
"""Of what a program died: told of a fault, not of a call."""
KINDS = (*BELIEFS, DIRTY, MISALIGNED, UNCOUNTED, ON_GOROUTINE, CLOBBERED, NONE_FITS)
AT_RETURN = (CLOBBERED,)
"""What only a return shows."""
ACCIDENT = ", right by accident"
"""What the name of a kind ends in where the values are right all the same."""

NONE = "none"
NAMES = (NONE, *KINDS, *(kind + ACCIDENT for kind in (AS_GO, AS_C)))
"""What a case can declare."""
