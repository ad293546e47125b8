# defence: a point that comes without a proof lies on its curve
# file: crypto/group_point.c
# test: interop/crypto_poo_test
# red: points_that_are_none_are_refused
s/return point\[0\] == 4 && is_on_curve(&rows\[i\], point + 1);/return point[0] == 4 || is_on_curve(\&rows[i], point + 1);/
