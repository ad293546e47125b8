# defence: a share leaves nothing of a secret where the point was bad
# file: crypto/engine_share.c
# test: unit/crypto/kernels_test
# red: share_of_a_bad_point_is_none
s/        lk_wipe(operand->out, room);//
