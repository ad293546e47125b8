# defence: what came before an end is taken
# file: tools/liblurk/transport.c
# test: unit/liblurk/transport_test
# red: answer_before_the_end_counts
s/    t->lost = t->row->receive(t, now_ns);/    int gone = t->row->receive(t, now_ns); if (gone < 0) return lose(t, gone, now_ns);/
