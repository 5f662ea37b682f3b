"""A client of GDB's remote serial protocol: registers, memory and stops of a program under QEMU's stub or gdbserver."""
