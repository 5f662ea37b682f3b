/* The callback types that C calls, and the drivers that call them. */
#ifndef CALLBACKS_H
#define CALLBACKS_H

#include <stdint.h>

struct pair { int32_t x, y; };          /* 8 bytes: as an argument, one register on every 64-bit ABI */
struct mixed { int64_t n; double d; };  /* split over two register classes by amd64, not by AAPCS64 */
struct hfa { float a, b, c, d; };       /* four members of one floating type: an HFA to AAPCS and ELFv2 */
struct big { int64_t a, b, c; };        /* 24 bytes: stack (amd64), reference (arm64) or three registers (ppc64le) */

typedef int (*ints_fn)(int, int, int, int, int, int, int, int, int, int);
typedef int16_t (*narrow_fn)(int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t);
typedef double (*floats_fn)(double, float, double, float, double, float, double, float, double, float);
typedef int64_t (*both_fn)(int, double, int64_t, float, int, int64_t);
typedef struct pair (*pair_fn)(struct pair);
typedef struct mixed (*mixed_fn)(int, struct mixed);
typedef struct hfa (*hfa_fn)(struct hfa, double);
typedef struct big (*big_fn)(int, struct big, int);

int call_ints(ints_fn f);
int16_t call_narrow(narrow_fn f);
double call_floats(floats_fn f);
int64_t call_both(both_fn f);
struct pair call_pair(pair_fn f);
struct mixed call_mixed(mixed_fn f);
struct hfa call_hfa(hfa_fn f);
struct big call_big(big_fn f);

#endif
