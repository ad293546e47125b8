# defence: a tenant has a share of the slots and no more
# file: core/exec/share.c
# test: unit/exec/share_test
# red: share_has_room_for_a_newcomer_beside_a_flood
s/if (share->held\[tenant\] >= bound) return LK_SHARE_TENANT;/if (share->held[tenant] >= bound) bound = share->held[tenant] + free;/
