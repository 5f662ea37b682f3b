/* An interface in C: a table of function pointers, each taking the object first. */
#ifndef SHAPE_H
#define SHAPE_H

#include <stdint.h>

struct point { double x, y; };

struct shape;

struct shape_ops {
    int32_t (*corners)(const struct shape *);
    double (*area)(const struct shape *);
    struct point (*center)(const struct shape *);
    void (*move)(struct shape *, struct point by);
    uint8_t (*has_color)(const struct shape *); /* left NULL by tables that do without */
    int64_t (*mark)(struct shape *, int32_t layer, double weight, int64_t tag);
};

struct shape {
    const struct shape_ops *ops;
    struct point at;
    double side;
    int64_t tag;
};

typedef const struct shape *const_shape;

extern const struct shape_ops square_ops; /* filled in by C */

/* Go cannot call a C function pointer: these call through the table for it, and C's own code uses them as well. */
int32_t shape_corners(const struct shape *);
double shape_area(const struct shape *);
struct point shape_center(const struct shape *);
void shape_move(struct shape *, struct point by);
int shape_has_color(const struct shape *); /* -1: no such function */
int64_t shape_mark(struct shape *, int32_t layer, double weight, int64_t tag);

/* A C client that knows nothing of who implements the shape. */
double area_times_corners(const struct shape *);

#endif
