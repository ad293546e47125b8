# defence: no read beyond the bytes that came
# file: core/base/bytes.h
# unit: tests/unit/base/bytes_test.c
# test: unit/base/bytes_test
# red: bytes_take_of_any_size_stays_inside bytes_cursor_stays_bad
/^static inline struct lk_bytes lk_cursor_take/,/^}/s/ || lk_cursor_left(c) < len/ || len > 1000/
