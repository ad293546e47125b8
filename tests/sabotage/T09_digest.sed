# defence: a transcript hash of one byte repeated is not signed
# file: core/wire/split.c
# test: interop/split_vectors_test
# red: split_faults_have_their_status split_hashes_have_two_lengths
s/return length && !lk_split_all_equal(transcript_hash);/return length;/
