#include <stdarg.h>

volatile double seen;

void callee(int count, ...)
{
	va_list more;
	va_start(more, count);
	seen = va_arg(more, double);
	va_end(more);
}
