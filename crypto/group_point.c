/* group_point: is this a point of the curve? Asked where an edge sends no proof of ownership, so
 * without a curve object at hand: y^2 = x^3 - 3 x + b on plain limbs. */
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/mont.h"

#define COORDINATE_BYTES_MAX 66
#define LIMBS_MAX 9

struct curve_row {
    uint16_t group;
    uint8_t coordinate_bytes; /* 0: any string of point_bytes is a point */
    uint8_t point_bytes;
    uint8_t p[COORDINATE_BYTES_MAX], b[COORDINATE_BYTES_MAX];
};

#define FF4 0xff, 0xff, 0xff, 0xff
#define FF8 FF4, FF4
#define FF16 FF8, FF8
#define FF64 FF16, FF16, FF16, FF16

/* FIPS 186-4 D.1.2. */
static const struct curve_row rows[] = {
    {23, 32, 65,
     {FF4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, FF8, FF4},
     {0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb, 0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc,
      0x65, 0x1d, 0x06, 0xb0, 0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2, 0x60, 0x4b}},
    {24, 48, 97,
     {FF16, FF8, FF4, 0xff, 0xff, 0xff, 0xfe, FF4, 0, 0, 0, 0, 0, 0, 0, 0, FF4},
     {0xb3, 0x31, 0x2f, 0xa7, 0xe2, 0x3e, 0xe7, 0xe4, 0x98, 0x8e, 0x05, 0x6b, 0xe3, 0xf8, 0x2d, 0x19,
      0x18, 0x1d, 0x9c, 0x6e, 0xfe, 0x81, 0x41, 0x12, 0x03, 0x14, 0x08, 0x8f, 0x50, 0x13, 0x87, 0x5a,
      0xc6, 0x56, 0x39, 0x8d, 0x8a, 0x2e, 0xd1, 0x9d, 0x2a, 0x85, 0xc8, 0xed, 0xd3, 0xec, 0x2a, 0xef}},
    {25, 66, 133,
     {0x01, 0xff, FF64},
     {0x00, 0x51, 0x95, 0x3e, 0xb9, 0x61, 0x8e, 0x1c, 0x9a, 0x1f, 0x92, 0x9a, 0x21, 0xa0, 0xb6, 0x85,
      0x40, 0xee, 0xa2, 0xda, 0x72, 0x5b, 0x99, 0xb3, 0x15, 0xf3, 0xb8, 0xb4, 0x89, 0x91, 0x8e, 0xf1,
      0x09, 0xe1, 0x56, 0x19, 0x39, 0x51, 0xec, 0x7e, 0x93, 0x7b, 0x16, 0x52, 0xc0, 0xbd, 0x3b, 0xb1,
      0xbf, 0x07, 0x35, 0x73, 0xdf, 0x88, 0x3d, 0x2c, 0x34, 0xf1, 0xef, 0x45, 0x1f, 0xd4, 0x6b, 0x50,
      0x3f, 0x00}},
    {29, 0, 32, {0}, {0}},
    {30, 0, 56, {0}, {0}},
};

/* x^3 - 3 x + b = y^2, all in Montgomery form. */
static bool equation_holds(const struct lk_mont *p, const uint64_t *x, const uint64_t *y,
                           const uint64_t *b)
{
    uint64_t left[LIMBS_MAX], right[LIMBS_MAX];
    lk_mont_mul(p, right, x, x);
    lk_mont_mul(p, right, right, x);
    for (int i = 0; i < 3; i++)
        lk_mont_sub(p, right, right, x);
    lk_mont_add(p, right, right, b);
    lk_mont_mul(p, left, y, y);
    return lk_mont_equal(p, left, right);
}

static bool is_on_curve(const struct curve_row *row, const uint8_t *x_bytes)
{
    uint64_t room[2 * LIMBS_MAX], x[LIMBS_MAX], y[LIMBS_MAX], b[LIMBS_MAX];
    struct lk_mont p;
    size_t len = row->coordinate_bytes;
    lk_mont_init(&p, row->p, len, room);
    lk_mont_load(&p, x, x_bytes, len);
    lk_mont_load(&p, y, x_bytes + len, len);
    lk_mont_load(&p, b, row->b, len);
    if (!lk_mont_is_below(&p, x) || !lk_mont_is_below(&p, y)) return false;
    lk_mont_mul(&p, x, x, p.rr);
    lk_mont_mul(&p, y, y, p.rr);
    lk_mont_mul(&p, b, b, p.rr);
    return equation_holds(&p, x, y, b);
}

bool lk_group_point_good(uint16_t group, const uint8_t *point, size_t len)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].group != group) continue;
        if (len != rows[i].point_bytes) return false;
        if (rows[i].coordinate_bytes == 0) return true;
        return point[0] == 4 && is_on_curve(&rows[i], point + 1);
    }
    return false;
}
