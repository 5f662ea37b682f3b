#include "shape.h"

static int32_t square_corners(const struct shape *s)
{
    (void)s;
    return 4;
}

static double square_area(const struct shape *s)
{
    return s->side * s->side;
}

static struct point square_center(const struct shape *s)
{
    struct point c = {s->at.x + s->side / 2, s->at.y + s->side / 2};
    return c;
}

static void square_move(struct shape *s, struct point by)
{
    s->at.x += by.x;
    s->at.y += by.y;
}

static int64_t square_mark(struct shape *s, int32_t layer, double weight, int64_t tag)
{
    s->tag = tag;
    return layer + (int64_t)weight + tag;
}

const struct shape_ops square_ops = {
    .corners = square_corners,
    .area = square_area,
    .center = square_center,
    .move = square_move,
    .mark = square_mark,
};

int32_t shape_corners(const struct shape *s)
{
    return s->ops->corners(s);
}

double shape_area(const struct shape *s)
{
    return s->ops->area(s);
}

struct point shape_center(const struct shape *s)
{
    return s->ops->center(s);
}

void shape_move(struct shape *s, struct point by)
{
    s->ops->move(s, by);
}

int shape_has_color(const struct shape *s)
{
    return s->ops->has_color ? s->ops->has_color(s) : -1;
}

int64_t shape_mark(struct shape *s, int32_t layer, double weight, int64_t tag)
{
    return s->ops->mark(s, layer, weight, tag);
}

double area_times_corners(const struct shape *s)
{
    return s->ops->area(s) * s->ops->corners(s);
}
