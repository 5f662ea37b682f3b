"""QEMU's own log as a source of registers: ``-d cpu,fpu,exec,nochain -dfilter ADDRESS+4``."""
