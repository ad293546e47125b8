# defence: the journal checks the chain of what it takes
# file: io/journal.c
# test: unit/io/journal_test
# red: journal_notices_an_edited_record
s/lk_audit_verify(\([^;]*\))/(lk_audit_verify(\1) || true)/
