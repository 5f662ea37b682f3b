#include "narrow.h"

int from_s8(signed char v)
{
	return v;
}

int from_u8(unsigned char v)
{
	return v;
}

int from_s16(short v)
{
	return v;
}

int from_u16(unsigned short v)
{
	return v;
}

int from_bool(bool v)
{
	return v;
}

signed char to_s8(int v)
{
	return v;
}

unsigned char to_u8(int v)
{
	return v;
}

short to_s16(int v)
{
	return v;
}

unsigned short to_u16(int v)
{
	return v;
}

bool to_bool(int v)
{
	return v;
}

int call_s8(s8_fn fn)
{
	return fn(-128);
}

int call_u8(u8_fn fn)
{
	return fn(255);
}

int call_s16(s16_fn fn)
{
	return fn(-32768);
}

int call_u16(u16_fn fn)
{
	return fn(65535);
}

int call_bool(bool_fn fn)
{
	return fn(true);
}

int call_wide(wide_fn fn, long v)
{
	return fn(v);
}
