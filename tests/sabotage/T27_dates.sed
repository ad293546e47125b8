# defence: a vault makes dates without opening a file
# file: io/sandbox.c
# test: unit/io/sandbox_test
# red: vault_makes_dates
/ tzset();/d
