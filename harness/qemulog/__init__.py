"""QEMU's own log as a source of registers: ``-d cpu,fpu,nochain -dfilter ADDRESS+4``."""
