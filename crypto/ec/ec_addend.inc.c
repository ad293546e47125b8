/* ec_addend: a sum that was made of a table's entries (ec_point.inc.c) as a point that others are
 * added to (ec_double.inc.c): the two have different forms. For inclusion after a curve's field. */
#include "crypto/ec/ec_double.inc.c"
#include "crypto/ec/ec_point.inc.c"

/* The same point with Z = ZZZ: X / ZZ = X ZZ^2 / ZZZ^2, Y / ZZZ = Y ZZ^3 / ZZZ^3. */
static void addend_of(struct addend *to, const struct point *sum)
{
    lane power[DIGITS];
    fe_square(power, sum->zz);
    fe_mul(to->point.x, sum->x, power);
    fe_mul(power, power, sum->zz);
    fe_mul(to->point.y2, sum->y, power);
    fe_mask(to->point.y2);
    digits_add(to->point.y2, to->point.y2, to->point.y2);
    fe_copy(to->point.z, sum->zzz);
    addend_make(to);
}
