# defence: a copy of a transcript that is behind adds nothing to it
# file: tools/provider/transcript.c
# test: unit/provider/transcript_test
# red: transcript_is_added_to_at_its_end_only
s/return at == t->len \&\&/return/
