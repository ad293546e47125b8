# defence: a share of no group we know is not asked to be signed
# file: tools/provider/question.c
# test: unit/provider/question_test
# red: question_takes_no_unknown_group_and_no_explicit_curve
/^static bool ecdhe_params/,/^}/s/row != NULL \&\& q->point.len == row->point_bytes/(row == NULL || q->point.len == row->point_bytes)/
