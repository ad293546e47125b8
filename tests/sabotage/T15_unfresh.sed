# defence: a server random as it is, only where the key's own flag says so (vault)
# file: core/exec/run_split.c
# test: interop/split_vectors_test
# red: split_faults_have_their_status
s/return granted && bound ? 0/(void)bound;\n    return granted ? 0/
