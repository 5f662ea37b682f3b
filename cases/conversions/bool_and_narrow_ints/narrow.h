#include <stdbool.h>

/* Narrow parameters. */
int from_s8(signed char v);
int from_u8(unsigned char v);
int from_s16(short v);
int from_u16(unsigned short v);
int from_bool(bool v);

/* Narrow results. */
signed char to_s8(int v);
unsigned char to_u8(int v);
short to_s16(int v);
unsigned short to_u16(int v);
bool to_bool(int v);

/* Calls of callbacks with narrow parameters and results: -128, 255, -32768, 65535, true. */
typedef signed char (*s8_fn)(signed char);
typedef unsigned char (*u8_fn)(unsigned char);
typedef short (*s16_fn)(short);
typedef unsigned short (*u16_fn)(unsigned short);
typedef bool (*bool_fn)(bool);

int call_s8(s8_fn fn);
int call_u8(u8_fn fn);
int call_s16(s16_fn fn);
int call_u16(u16_fn fn);
int call_bool(bool_fn fn);

/* What all of them are called through in wide. */
typedef int (*wide_fn)(long);

int call_wide(wide_fn fn, long v);
