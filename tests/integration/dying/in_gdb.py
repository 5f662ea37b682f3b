"""Run by gdb-multiarch: print every register named in the environment, of every thread, as JSON."""

import contextlib
import json
import os

import gdb  # type: ignore[import-not-found]


def number(value):
    """Return the bytes of a register as an unsigned number; of a vector both halves."""
    names = [field.name for field in value.type.fields()] if value.type.code == gdb.TYPE_CODE_UNION else []
    if "v2_int64" in names:
        return halves(value["v2_int64"])
    if "d" in names and "q" in names:  # arm64
        return halves(value["d"]["u"])
    for name in ("uint128", "u64", "u", "i64", "double"):
        if name in names:
            return number(value[name])
    if names:
        raise ValueError(names)
    return int(value.format_string(format="x"), 16)  # its bytes, not its value


def halves(vector):
    low, high = (int(vector[index]) & (1 << 64) - 1 for index in range(2))
    return high << 64 | low


found = {}
for thread in gdb.selected_inferior().threads():
    thread.switch()
    rows = found[str(thread.ptid[1])] = {}
    for name in os.environ["REGISTERS"].split():
        with contextlib.suppress(ValueError, TypeError, gdb.error):
            rows[name] = number(gdb.newest_frame().read_register(name))
print("JSON" + json.dumps(found))
