#include <stdint.h>
#include <stdio.h>
struct point { int x; double y; };
struct big { long a[5]; };
typedef struct { float r, g, b; } color;
enum shade { DARK = -1, LIGHT = 4 };
int add(int a, int b) { return a + b; }
__attribute__((noipa)) double mix(signed char c, unsigned short s, struct point p, const char *name, color k,
                                  struct big b, long l7, long l8, double d, float f, int (*call)(int, int)) {
	return c + s + p.x + p.y + name[0] + k.r + b.a[4] + l7 + l8 + d + f + call(1, 2);
}
__attribute__((noipa)) struct big make(int n) { return (struct big){{n, 2, 3, 4, 5}}; }
__attribute__((noipa)) struct point point(int n) { return (struct point){n, 0.5}; }
__attribute__((noipa)) enum shade shade(uint64_t large, enum shade s, _Bool yes) { return large && yes ? s : LIGHT; }
__attribute__((noipa)) float many(int n, ...) { return n * 0.1f; }
int main(void) {
	double d = mix(-3, 65535, (struct point){7, 2.5}, "say \"hello\"\n", (color){0.1f, 0.2f, 0.3f},
	               (struct big){{1, 2, 3, 4, -5}}, 77, 88, 1.25, 0.1f, add);
	struct big b = make(9);
	struct point p = point(3);
	printf("%g %ld %g %d %g\n", d, b.a[0], p.y, shade(UINT64_MAX, DARK, 1), many(3, 1, 2.5));
	return 0;
}
