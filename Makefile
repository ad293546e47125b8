# lurk: the whole build. `make help` lists the targets; CONFIG and V are the switches.

CONFIG ?= release
CC ?= cc
CXX ?= c++
CLANG ?= clang
PREFIX ?= /usr/local
DESTDIR ?=
V ?= 0
OUT := build/$(CONFIG)
FUZZ_OUT := build/fuzz

ifeq ($(filter $(CONFIG),release debug asan tsan ubsan),)
$(error CONFIG=$(CONFIG): one of release debug asan tsan ubsan)
endif

comma := ,
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,$(info $()  $(1)	$(2)))
# Two thousand objects are made in a check: no process where make itself knows that the folder is there.
folder = $(if $(wildcard $(@D)/.),,@mkdir -p $(@D))

# --- flags ------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
        $(if $(CI),-Werror)
PKGS := openssl liburing yaml-0.1 jansson hwloc libseccomp libsystemd libevent_core libevent_extra
CFLAGS_release := -O3 -g -D_FORTIFY_SOURCE=2
CFLAGS_debug   := -O1 -g
# Instrumented code looks uninitialised to the compiler where it is not: no errors from warnings there.
CFLAGS_asan    := -O1 -g1 -Wno-error -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS_ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=undefined
CFLAGS_tsan    := -O1 -g1 -fsanitize=thread -Wno-tsan
LIBS_release := -ljemalloc
LIBS_debug   := -ljemalloc
# jemalloc and the sanitizers each want to be the allocator; code that needs jemalloc asks for this.
DEFS_release := -DLK_JEMALLOC
DEFS_debug   := -DLK_JEMALLOC

LIBURING_VERSION := $(shell pkg-config --modversion liburing 2>/dev/null || echo unknown)
GIT_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LK_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I. $(WARN) -fPIE -fstack-protector-strong \
             -fstack-clash-protection -fcf-protection -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)=. \
             $(CFLAGS_$(CONFIG)) $(DEFS_$(CONFIG)) $(CFLAGS)
LK_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack -pthread $(filter -fsanitize%,$(CFLAGS_$(CONFIG))) $(LDFLAGS)

# Of what is loaded into programs of others.
PIC_FLAGS := -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections

# Kernels have instructions of their own; the rest of the program runs anywhere. To say where each variable of their
# straight lines is takes the compiler as long as they do: lines alone, and those as check-scan's lists have them.
IFMA_FLAGS := -O3 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512ifma -mbmi2 -mno-vzeroupper
KERNEL_LINES := -gstatement-frontiers
# Put in order for the ports of such a processor, the additions of a signature take a hundredth less; P-384's if that is
# done before they are given registers too (P-256's would then spill columns).
KERNEL_ORDER := -fschedule-insns -fsched-pressure
# Words that gcc alone knows.
GCC_ALONE := $(KERNEL_LINES) $(KERNEL_ORDER)
by_gcc = $(if $(findstring clang,$(CC)),,$(1))

PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) $(LIBS_$(CONFIG)) -lm

FLAGS := $(CC) $(filter-out -Werror,$(LK_CFLAGS)) $(PIC_FLAGS) $(IFMA_FLAGS) $(GCC_ALONE) $(PKG_CFLAGS)

# --- what there is ----------------------------------------------------------------------------

# Objects of sources. Kernels take the compiler longest and have no threads; instances of them that go wrong for
# tests are watched by no sanitizer: those of a release serve where they would be made the same again.
KERNEL_SRC := $(shell find crypto -name '*_ifma.c' -o -name '*_ref.c' | sort)
FAULTY_SRC := $(wildcard tests/support/*_faulty_*.c)
SHARED_debug := $(KERNEL_SRC) $(FAULTY_SRC)
SHARED_tsan  := $(KERNEL_SRC) $(FAULTY_SRC)
SHARED_asan  := $(FAULTY_SRC)
SHARED_ubsan := $(FAULTY_SRC)
SHARED_OBJ := $(patsubst %.c,build/release/%.o,$(SHARED_$(CONFIG)))
obj = $(patsubst %.c,$(OUT)/%.o,$(filter-out $(SHARED_$(CONFIG)),$(1))) \
      $(patsubst %.c,build/release/%.o,$(filter $(SHARED_$(CONFIG)),$(1)))

LIB_SRC := $(shell find core io crypto -name '*.c' ! -name '*.inc.c' 2>/dev/null | sort)
# Sources that are written by the build, into build/gen.
GEN_SRC := $(foreach curve,p256 p384,gen/$(curve)_const.c gen/$(curve)_comb.c) gen/x25519_const.c
LIB_OBJ := $(call obj,$(LIB_SRC) $(GEN_SRC))
vpath gen/%.c build
LIB := $(OUT)/liblurk-server.a

PROGRAMS := $(patsubst tools/%/main.c,%,$(wildcard tools/*/main.c))
PROGRAM_BIN := $(PROGRAMS:%=$(OUT)/bin/%)

# The client library (tools/liblurk has no main): its objects, for programs and tests that stand on it.
LIBLURK_SRC := $(wildcard tools/liblurk/*.c)
LIBLURK_OBJ := $(LIBLURK_SRC:%.c=$(OUT)/%.o)
LURK_ABI := 1
LIBLURK := $(OUT)/lib/liblurk.so.$(LURK_ABI)

PROVIDER := $(OUT)/lib/lurk.so
# Where OpenSSL looks for a module that is named without a path.
MODULESDIR ?= $(shell pkg-config --variable=modulesdir libcrypto 2>/dev/null)

UNIT_SRC := $(shell find tests/unit tests/prop tests/interop tests/ct -name '*_test.c' 2>/dev/null | sort)
UNIT_BIN := $(UNIT_SRC:%.c=$(OUT)/%)
# What has threads.
TSAN_BIN := $(patsubst %.c,build/tsan/%,$(filter tests/unit/base/% tests/unit/exec/% tests/unit/io/% tests/unit/watch/%,$(UNIT_SRC)))
SUPPORT_SRC := $(filter-out %.inc.c,$(wildcard tests/support/*.c))
SUPPORT_OBJ := $(filter-out %/testbuild.o %/injected.o $(OUT)/tests/support/rsa_faulty% $(OUT)/tests/support/ec_faulty% \
                 $(OUT)/tests/support/ecdh_faulty%,$(SUPPORT_SRC:%.c=$(OUT)/%.o))

# What makes assertions of cmocka stays with the tests.
FUZZ_SUPPORT_OBJ := $(filter-out $(patsubst %,$(OUT)/tests/support/%,filter.o rsa_% ec_% ecdh_%),$(SUPPORT_OBJ))

FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_REPLAY := $(FUZZ_SRC:%.c=$(OUT)/%_replay)

.PHONY: FORCE all testbuild shared edge check check-all check-ct check-taint check-msan check-scan check-ttest check-unit check-long check-long-kernels check-long-edge check-sabotage check-asan check-asan-edge control check-tsan check-docs docs check-fuzz check-e2e bench lint format fuzz clean help demo man install uninstall dist
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAM_BIN) $(LIBLURK) $(PROVIDER) ## build the programs, the client library and the OpenSSL provider

# --- rules ------------------------------------------------------------------------------------

COMPILE = $(CC) $(LK_CFLAGS) $(PKG_CFLAGS) $(SAYS_COMMIT) -DLK_LIBURING='"$(LIBURING_VERSION)"' $(CFLAGS_TESTS) $(CFLAGS_KERNEL)
$(OUT)/%.o: %.c $(OUT)/flags
	$(call say,CC,$<)
	$(folder)
	$(Q)$(COMPILE) -DLK_CONFIG='"$(CONFIG)"' -MMD -MP -c -o $@ $<

# What tests are made of is compiled once and run for a second.
$(OUT)/tests/%.o: CFLAGS_TESTS := -O1 -g1

# The sources that say of which commit they are; they alone are compiled anew after each.
COMMIT_SRC := $(shell grep -lsw LK_COMMIT $(LIB_SRC) $(wildcard tools/*/*.c))
COMMIT_OBJ := $(COMMIT_SRC:%.c=$(OUT)/%.o) $(patsubst %,build/test/%.o,tools/lurkd/version io/report)
$(COMMIT_OBJ): SAYS_COMMIT := -DLK_COMMIT='"$(GIT_COMMIT)"'
$(COMMIT_OBJ): $(OUT)/commit
$(OUT)/commit: FORCE
	$(folder)
	@echo '$(GIT_COMMIT)' | cmp -s - $@ || echo '$(GIT_COMMIT)' >$@
# Objects of other flags are made anew: to link them with these may fail, or give what nobody asked for.
$(OUT)/flags: FORCE
	$(folder)
	@echo '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || echo '$(subst ','\'',$(FLAGS))' >$@
FORCE:

$(patsubst %,build/gen/%.c,p256_const p384_const p256_comb p384_comb): tools/dev/ectable.py
	$(call say,GEN,$@)
	$(folder)
	$(Q)tools/dev/ectable.py $(subst _, ,$(basename $(@F))) >$@
build/gen/x25519_const.c: tools/dev/x25519table.py
	$(call say,GEN,$@)
	$(folder)
	$(Q)tools/dev/x25519table.py >$@

%_ifma.o %_ref.o: CFLAGS_KERNEL := -g1 $(call by_gcc,$(KERNEL_LINES))
%_ifma.o: CFLAGS_KERNEL += $(IFMA_FLAGS)
%/crypto/ec/p256_ifma.o %/crypto/ec/p384_ifma.o: CFLAGS_KERNEL += -mtune=icelake-server
%/crypto/ec/p384_ifma.o: CFLAGS_KERNEL += $(call by_gcc,$(KERNEL_ORDER))

# UBSan triples the minutes that gcc takes for straight lines of vectors, and knows nothing of them;
# the same bodies over plain numbers (*_ref.c) have it.
UNSANITIZED_asan := undefined
UNSANITIZED_ubsan := undefined
%_ifma.o: CFLAGS_KERNEL += $(UNSANITIZED_$(CONFIG):%=-O2 -fno-sanitize=%)
# Nor has it to look at one function in each of the places that it is written into for speed.
%_ifma.o %_ref.o: CFLAGS_KERNEL += $(UNSANITIZED_$(CONFIG):%=-Dalways_inline=)
# Beside AddressSanitizer those of its checks that every pointer goes through find nothing more in arrays of plain
# numbers, and take more time than all the others.
SPARED_asan := alignment,null,object-size,pointer-overflow
%_ref.o: CFLAGS_KERNEL += $(SPARED_$(CONFIG):%=-O2 -fno-sanitize=%)

# What another configuration has of a release is made by that one's rules.
ifneq ($(CONFIG),release)
$(SHARED_OBJ) &: FORCE
	$(Q)$(MAKE) --no-print-directory CONFIG=release shared
endif
shared: $(patsubst %.c,$(OUT)/%.o,$(KERNEL_SRC) $(FAULTY_SRC))

$(LIB): $(LIB_OBJ)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcsD $@ $^

# What a program takes of its neighbours in tools/.
MORE_lurk-agent := $(LIBLURK_OBJ)
MORE_lurk-bench := $(LIBLURK_OBJ)
MORE_lurkctl := $(OUT)/tools/provider/keyfile.o $(OUT)/tools/provider/setting_name.o $(OUT)/tools/liblurk/packet.o

define program_rule
$(OUT)/bin/$(1): $(patsubst %.c,$(OUT)/%.o,$(wildcard tools/$(1)/*.c)) $(MORE_$(1)) $(LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CC) $$(LK_LDFLAGS) -o $$@ $$(filter-out $$(LIB),$$^) $$(LIB) $$(PKG_LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# A test build is the lurkd of a release with functions replaced at link time (tests/support/testbuild.wrap lists
# them), so that production sources carry no #if for it. What says of which build it is is compiled for it.
TEST_OUT := build/test
TESTBUILD_SRC := $(patsubst %,tests/support/%.c,testbuild injected spoil) tools/lurkd/version.c io/report.c
$(TEST_OUT)/bin/lurkd: $(TESTBUILD_SRC:%.c=$(TEST_OUT)/%.o) $(filter-out %/version.o,$(patsubst %.c,$(OUT)/%.o,$(wildcard tools/lurkd/*.c))) $(LIB)
	$(call say,LD,$@)
	$(folder)
	$(Q)$(CC) $(LK_LDFLAGS) $(patsubst %,-Wl$(comma)--wrap=%,$(shell cat tests/support/testbuild.wrap)) -o $@ $^ $(PKG_LIBS)
$(TEST_OUT)/%.o: %.c $(OUT)/flags
	$(call say,CC,$@)
	$(folder)
	$(Q)$(COMPILE) -DLK_CONFIG='"test"' -MMD -MP -c -o $@ $<
testbuild: $(TEST_OUT)/bin/lurkd

# What is loaded into programs of others, compiled to be anywhere in memory: the parts of the library
# that the client library stands on, that one itself and the provider. Of the kernels, which take the compiler longest,
# those that check an edge's signatures alone. The server is made of the same objects: calls among them stay direct.
PIC_SRC := $(filter core/base/% core/wire/% core/keys/% core/policy/freshness.c core/exec/poo.c crypto/ec/%_verify_ifma.c \
             $(filter-out %_ifma.c %_ref.c,$(filter crypto/%,$(LIB_SRC))),$(LIB_SRC)) \
           $(filter %_comb.c gen/p%_const.c,$(GEN_SRC)) $(LIBLURK_SRC)
PROVIDER_SRC := $(wildcard tools/provider/*.c)
PROVIDER_OBJ := $(PROVIDER_SRC:%.c=$(OUT)/%.o)
$(PIC_SRC:%.c=$(OUT)/%.o) $(PROVIDER_OBJ): LK_CFLAGS := $(patsubst -fPIE,$(PIC_FLAGS),$(LK_CFLAGS))

PIC_LIB := $(OUT)/lib/liblurk-pic.a
$(PIC_LIB): $(PIC_SRC:%.c=$(OUT)/%.o)
	$(call say,AR,$@)
	$(folder)
	@rm -f $@
	$(Q)ar rcsD $@ $^

$(LIBLURK): $(LIBLURK_OBJ) $(PIC_LIB) tools/liblurk/liblurk.map
	$(call say,LD,$@)
	$(folder)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) -Wl,--version-script=tools/liblurk/liblurk.map -Wl,-z,defs,-z,relro,-z,now,-z,noexecstack \
	  -Wl,-Bsymbolic,--gc-sections -pthread $(filter -fsanitize%,$(CFLAGS_$(CONFIG))) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) \
	  $(shell pkg-config --libs openssl)
	$(Q)ln -sf $(@F) $(OUT)/lib/liblurk.so

# The OpenSSL provider: a module that shows one symbol, and stays loaded, since threads may end after it was
# done with. Of the client library it takes what it needs.
LINK_PROVIDER = $(CC) -shared -Wl,--version-script=tools/provider/lurk.map -Wl,-z,defs,-z,nodelete,-z,relro,-z,now,-z,noexecstack \
  -Wl,--gc-sections -pthread $(filter -fsanitize%,$(CFLAGS_$(CONFIG))) $(LDFLAGS)
$(PROVIDER): $(PROVIDER_OBJ) $(PIC_LIB) tools/provider/lurk.map
	$(call say,LD,$@)
	$(folder)
	$(Q)$(LINK_PROVIDER) -o $@ $(filter %.o %.a,$^) $(shell pkg-config --libs libcrypto)

# Hundreds of programs are linked for tests, which takes the linker of LLVM a sixth of the time, gold a third.
FAST_LD := $(firstword $(foreach l,lld gold,$(if $(shell command -v ld.$(l)),-fuse-ld=$(l))))
# What a test program is linked from is kept for check-sabotage, which links it again.
$(OUT)/tests/%_test: $(OUT)/tests/%_test.o $(SUPPORT_OBJ) $(LIB)
	$(call say,LD,$@)
	$(file >$@.link,$(LK_LDFLAGS) $(filter-out $(LIB),$^))
	$(Q)$(CC) $(FAST_LD) $(LK_LDFLAGS) -o $@ $(filter-out $(LIB),$^) $(LIB) -lcmocka $(PKG_LIBS)

# The provider's parts that have tests of their own, and what else reads key files.
EDGE_KEYFILE := $(OUT)/tools/provider/keyfile.o
$(OUT)/tests/unit/provider/keyfile_test: $(EDGE_KEYFILE)
$(OUT)/tests/unit/provider/question_test: $(OUT)/tools/provider/question.o
$(OUT)/tests/unit/provider/algorithm_test: $(OUT)/tools/provider/algorithm.o
$(OUT)/tests/unit/provider/verified_test: $(OUT)/tools/provider/verified.o
$(OUT)/tests/unit/provider/dhe_test: $(OUT)/tools/provider/dhe.o
$(OUT)/tests/unit/provider/full_ske_test: $(patsubst %,$(OUT)/tools/provider/%.o,full_ske dhe kept transcript) $(LIBLURK_OBJ)
$(OUT)/tests/unit/provider/transcript_test: $(OUT)/tools/provider/transcript.o
$(OUT)/tests/unit/provider/kept_test: $(OUT)/tools/provider/kept.o $(OUT)/tools/provider/transcript.o
$(OUT)/tests/unit/provider/hello_test: $(OUT)/tools/provider/hello.o $(OUT)/tools/provider/libssl.o
$(OUT)/tests/unit/provider/call_test: $(patsubst %,$(OUT)/tools/provider/%.o,call line thread kept transcript) $(LIBLURK_OBJ)
$(OUT)/tests/fuzz/fuzz_edge_keyfile_replay: $(EDGE_KEYFILE)
$(OUT)/tests/fuzz/fuzz_edge_transcript_replay: $(OUT)/tools/provider/transcript.o

# What lurkctl says of an openssl.cnf.
$(OUT)/tests/unit/lurkctl/edge_conf_test: $(patsubst %,$(OUT)/tools/lurkctl/%.o,edge_conf finding) $(OUT)/tools/provider/setting_name.o

# These play the intake and the policy themselves.
$(OUT)/tests/unit/io/dtls_test $(OUT)/tests/unit/io/dtls_request_test $(OUT)/tests/unit/io/udp_test: \
    LK_LDFLAGS += -Wl,--wrap=lk_intake_message -Wl,--wrap=lk_policy_edge

# Here computations go wrong.
$(OUT)/tests/unit/crypto/fault_test: \
    LK_LDFLAGS += -Wl,--wrap=lk_rsa_private_raw -Wl,--wrap=lk_rsa_private_plain
# In the midst of a kernel: theirs stand before the library's.
RSA_FAULT_BIN := $(filter $(OUT)/tests/unit/crypto/rsa/%_fault_test,$(UNIT_BIN))
$(RSA_FAULT_BIN): $(call obj,$(wildcard tests/support/rsa_faulty*.c))
$(RSA_FAULT_BIN): LK_LDFLAGS += -Wl,--wrap=lk_rsa_private_plain
ECDH_FAULT_BIN := $(OUT)/tests/unit/crypto/ec/ecdh_fault_test
EC_FAULT_BIN := $(filter-out $(ECDH_FAULT_BIN),$(filter $(OUT)/tests/unit/crypto/ec/%_fault_test,$(UNIT_BIN)))
$(EC_FAULT_BIN): $(call obj,$(wildcard tests/support/ec_faulty*.c))
$(EC_FAULT_BIN): LK_LDFLAGS += -Wl,--wrap=ECDSA_sign -Wl,--wrap=lk_poo_good
$(ECDH_FAULT_BIN): $(call obj,$(wildcard tests/support/ecdh_faulty*.c))
# The system of these has no random bytes when they say so.
$(patsubst %,$(OUT)/tests/unit/crypto/ec/%,batch_test ecdh_batch_test): LK_LDFLAGS += -Wl,--wrap=lk_rng_bytes
# And here answers are seen on their way.
$(OUT)/tests/unit/exec/worker_audit_test: LK_LDFLAGS += -Wl,--wrap=lk_ring_push
# Kernels go wrong when it says so.
$(OUT)/tests/unit/exec/health_test: LK_LDFLAGS += -Wl,--wrap=lk_rsa_private_x2_ref
# It looks at what is freed.
$(OUT)/tests/unit/agent/heap_test: LK_LDFLAGS += -Wl,--wrap=free
# The system has no stamps for packets where it says so.
$(OUT)/tests/unit/agent/client_test: LK_LDFLAGS += -Wl,--wrap=setsockopt
# Its disk is as busy as it says.
$(OUT)/tests/unit/io/journal_test: LK_LDFLAGS += -Wl,--wrap=fdatasync

$(OUT)/tests/fuzz/%_replay: $(OUT)/tests/fuzz/%.o $(OUT)/tests/fuzz/replay.o $(FUZZ_SUPPORT_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(FAST_LD) $(LK_LDFLAGS) -o $@ $(filter-out $(LIB),$^) $(LIB) $(PKG_LIBS)

# The bare server that bench/e2e holds lurkd's transports against.
$(OUT)/bench/e2e/echo: $(OUT)/bench/e2e/echo.o
	$(call say,LD,$@)
	$(Q)$(CC) $(LK_LDFLAGS) -o $@ $^ $(shell pkg-config --libs openssl)

# Google Benchmark stands behind bench/shim.cc, the only C++ here.
BENCH_SRC := $(wildcard bench/bench_*.c)
BENCH_BIN := $(BENCH_SRC:%.c=$(OUT)/%)
BENCH_OBJ := $(patsubst %.c,$(OUT)/%.o,$(filter-out $(BENCH_SRC),$(wildcard bench/*.c))) $(OUT)/bench/shim.o
BENCH_OBJ += $(OUT)/tests/support/test_keys.o

$(OUT)/%.o: %.cc $(OUT)/flags
	$(call say,CXX,$<)
	$(folder)
	$(Q)$(CXX) $(filter-out -std=% -Wstrict-prototypes -Wmissing-prototypes,$(LK_CFLAGS)) -std=gnu++17 -MMD -MP -c -o $@ $<

define bench_rule
$(OUT)/bench/bench_$(1): $(OUT)/bench/bench_$(1).o $(patsubst %.c,$(OUT)/%.o,$(filter-out %.inc.c,$(wildcard bench/$(1)/*.c))) $(BENCH_OBJ) $(LIB)
	$$(call say,LD,$$@)
	$$(Q)$(CXX) $$(LK_LDFLAGS) -o $$@ $$^ -lbenchmark $$(PKG_LIBS)
endef
$(foreach b,$(BENCH_SRC:bench/bench_%.c=%),$(eval $(call bench_rule,$(b))))

bench: ## benchmarks (B=name picks: ec, ecdhe, e2e, edge, fairness, rsa; BENCH_ARGS for its options)
	$(Q)tools/dev/deps.sh bench
	$(Q)$(MAKE) --no-print-directory all $(OUT)/bench/e2e/echo $(BENCH_BIN)
	$(Q)bench/run.sh $(OUT) '$(B)'

$(filter $(OUT)/tests/unit/liblurk/% $(OUT)/tests/unit/bench/%,$(UNIT_BIN)): $(LIBLURK_OBJ)
$(filter $(OUT)/tests/fuzz/fuzz_liblurk_%,$(FUZZ_REPLAY)): $(LIBLURK_OBJ)

# The parts of lurk-bench that have tests of their own.
$(filter $(OUT)/tests/unit/bench/%,$(UNIT_BIN)): $(filter-out %/main.o,$(patsubst %.c,$(OUT)/%.o,$(wildcard tools/lurk-bench/*.c)))

# The agent's parts as an archive: a test is linked with those it asks for. DNS is c-ares's.
AGENT_SRC := $(filter-out %/main.c,$(wildcard tools/lurk-agent/*.c))
AGENT_LIB := $(OUT)/liblurk-agent.a
AGENT_USERS := $(filter $(OUT)/tests/unit/agent/%,$(UNIT_BIN)) $(filter $(OUT)/tests/fuzz/fuzz_agent_%,$(FUZZ_REPLAY))
$(AGENT_LIB): $(AGENT_SRC:%.c=$(OUT)/%.o)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcsD $@ $^
$(AGENT_USERS): $(AGENT_LIB) $(LIBLURK_OBJ)
$(OUT)/bin/lurk-agent $(AGENT_USERS): PKG_LIBS += -lcares
# gcc 12 takes a quarter of a minute to look for vectors in it, and finds none worth having.
$(OUT)/tools/lurk-agent/broker.o: LK_CFLAGS += -fno-tree-vectorize

-include $(shell find $(OUT) build/test build/fuzz build/msan -name '*.d' 2>/dev/null)

# --- tests ------------------------------------------------------------------------------------

# What tests copy instead of making it (tests/support/pki.sh).
PKI_FROM := $(CURDIR)/build/pki
export PKI_FROM
.PHONY: pki
pki:
	$(Q)[ -z "$$(find $(PKI_FROM)/crl-revoked.pem -mtime +10 2>/dev/null)" ] || rm -rf $(PKI_FROM)
	$(Q)tests/support/pki.sh $(PKI_FROM) rsa2048=2 rsa3072=1 rsa4096=1 rsapss2048=1 p256=2 p384=1 p521=1 ed25519=1 ed448=1 edge=2

check-unit: $(UNIT_BIN) ## unit, property, interop tests (T=name picks)
	$(Q)tests/support/run-units.py $(OUT) '$(T)' $(UNIT_BIN)

# What tests do at random, for minutes instead of seconds.
LONG_KERNEL_BIN := $(filter $(OUT)/tests/interop/crypto_ecdh_test $(OUT)/tests/prop/rsa_% $(OUT)/tests/unit/crypto/rsa/% $(OUT)/tests/unit/crypto/ec/%,$(UNIT_BIN))
check-long: check-long-kernels check-ttest check-long-edge ## random tests at length, statistics of time, ten thousand handshakes
check-long-kernels: $(LONG_KERNEL_BIN)
	$(Q)LK_LONG=1 tests/support/run-units.py $(OUT) '$(T)' $(LONG_KERNEL_BIN)

# Stories that have a number to raise: mixed handshakes through HAProxy, clients that leave; all that sanitizers can watch.
check-long-edge: check-asan-edge
	$(Q)$(call sanitized) '$(T)' $(SANITIZED_LONG:%=tests/e2e/%.py)
	$(Q)LK_LONG=1 LURK_BIN=$(CURDIR)/build/release/bin LURK_TEST_BIN=$(CURDIR)/build/test/bin \
	  tests/support/run-e2e.sh '$(T)' tests/e2e/edge_haproxy.py tests/e2e/edge_faults.py

check-fuzz: $(FUZZ_REPLAY) ## replay every fuzz corpus
	$(Q)for f in $(FUZZ_REPLAY); do n=$$(basename $$f _replay); \
	  $$f tests/fuzz/corpus/$$n || exit 1; done

check-sabotage: $(if $(filter tsan,$(CONFIG)),$(TSAN_BIN),$(UNIT_BIN)) ## remove each defence in turn: a test must fail (T=name picks)
	$(Q)CC='$(CC)' CFLAGS='$(LK_CFLAGS) $(PKG_CFLAGS) -O1 -g0 -DLK_COMMIT="sabotage" -DLK_CONFIG="$(CONFIG)"' LIBS='$(FAST_LD) -Wl,-s -lcmocka $(PKG_LIBS)' \
	  TSAN_OPTIONS='$(TSAN_OPTIONS)' tests/support/run-sabotage.py $(OUT) '$(T)'

# Constant time: what marks secrets for a checker, over the tests' RSA keys.
CT_OBJ := rows secret_run secret_ec secret_ecdh leaky_ifma leaky_ref
CT_SUPPORT := $(patsubst %,$(OUT)/tests/support/%.o,draw ec_subject ecdh_subject rsa_bank rsa_edges rsa_subject test_keys)
TAINT := $(OUT)/tests/ct/taint
$(TAINT): $(TAINT).o $(CT_OBJ:%=$(OUT)/tests/ct/%.o) $(CT_SUPPORT) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LK_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

# The kernels by clang; beside them keys and libcrypto as they are.
MSAN_OUT := build/msan
MSAN := $(MSAN_OUT)/tests/ct/msan
MSAN_FLAGS := -g -fsanitize=memory -fno-omit-frame-pointer
# No vectors but those that are written: a loop that clang turns into a scatter counts as a use.
$(MSAN_OUT)/%_ifma.o: CFLAGS_KERNEL += -fno-vectorize -fno-slp-vectorize -include tests/ct/msan_lane.h
$(MSAN_OUT)/%.o: %.c
	$(call say,CLANG,$<)
	$(folder)
	$(Q)$(CLANG) -std=gnu11 -D_GNU_SOURCE -I. $(WARN) -O1 -fno-strict-aliasing $(MSAN_FLAGS) $(PKG_CFLAGS) \
	  $(filter-out $(GCC_ALONE),$(CFLAGS_KERNEL)) -MMD -MP -c -o $@ $<
$(MSAN): $(CT_OBJ:%=$(MSAN_OUT)/tests/ct/%.o) $(MSAN).o $(MSAN_OUT)/crypto/rsa/rsa_ifma.o \
         $(patsubst %,$(MSAN_OUT)/crypto/ec/%_ifma.o,p256 p384 p256_ecdh p384_ecdh x25519) $(CT_SUPPORT) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CLANG) $(MSAN_FLAGS) -pie -pthread -o $@ $^ -lcmocka $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

# What the compiler made of kernels, and how long that takes: of the release build only.
TTEST := $(OUT)/tests/ct/ttest
$(TTEST): $(patsubst %,$(OUT)/tests/ct/%.o,ttest ttest_ec ttest_kernel ttest_premaster welch leaky_ifma leaky_ref) $(CT_SUPPORT) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LK_LDFLAGS) -o $@ $^ -lcmocka $(PKG_LIBS)

ifeq ($(CONFIG),release)
KERNEL_OBJ := $(OUT)/crypto/rsa/rsa_ifma.o $(OUT)/crypto/rsa/rsa_ref.o
EC_OBJ := $(patsubst %,$(OUT)/crypto/ec/%.o,p256_ifma p256_ref p384_ifma p384_ref)
X25519_OBJ := $(patsubst %,$(OUT)/crypto/ec/%.o,x25519_ifma x25519_ref)
NIST_ECDH_OBJ := $(patsubst %,$(OUT)/crypto/ec/%.o,p256_ecdh_ifma p256_ecdh_ref p384_ecdh_ifma p384_ecdh_ref)
SHA256_OBJ := $(OUT)/crypto/sha256_lanes_ifma.o $(OUT)/crypto/sha256_lanes_ref.o
check-scan: $(KERNEL_OBJ) $(EC_OBJ) $(NIST_ECDH_OBJ) $(X25519_OBJ) $(SHA256_OBJ) $(OUT)/tests/ct/leaky_ifma.o
	$(Q)tests/support/scan-kernels.py --control tests/ct/jumps.list $(OUT)/crypto/rsa/rsa_ifma.o $(OUT)/tests/ct/leaky_ifma.o
	$(Q)tests/support/scan-kernels.py tests/ct/jumps.list $(KERNEL_OBJ)
	$(Q)tests/support/scan-kernels.py tests/ct/jumps_ec.list $(EC_OBJ)
	$(Q)tests/support/scan-kernels.py tests/ct/jumps_nist_ecdh.list $(NIST_ECDH_OBJ)
	$(Q)tests/support/scan-kernels.py tests/ct/jumps_x25519.list $(X25519_OBJ)
	$(Q)tests/support/scan-kernels.py tests/ct/jumps_sha256.list $(SHA256_OBJ)

check-ttest: $(TTEST) ## time of secret inputs by Welch's t-test (P=name picks: premaster, leaky, 2048, 3072, 4096, decrypt, p256, p384)
	$(Q)$(TTEST) '$(P)'
else
check-scan check-ttest:
	$(Q)$(MAKE) --no-print-directory CONFIG=release $@
endif

check-ct: check-taint check-msan check-scan ## constant time: marked secrets under memcheck and MemorySanitizer, jumps of the kernels

check-taint: $(TAINT)
	$(Q)tests/support/run-taint.sh taint $(TAINT) \
	  valgrind -q --error-exitcode=9 --exit-on-first-error=yes --leak-check=no

check-msan:
	$(Q)if echo 'int main(void) { return 0; }' | $(CLANG) -fsanitize=memory -x c -o /dev/null - 2>/dev/null; then \
	  $(MAKE) --no-print-directory $(MSAN) && MSAN_OPTIONS=exit_code=9 tests/support/run-taint.sh msan $(MSAN); \
	else echo "msan: 0 passed, 0 failed, 1 skipped: no $(CLANG) with MemorySanitizer (libclang-rt-14-dev)"; fi

# --- sanitizers -------------------------------------------------------------------------------
# Leaks count as errors; UBSan is in CONFIG=asan. ThreadSanitizer looks at what has threads, and at the
# whole server as one process.
check-asan: ## unit tests and fuzz corpora under AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory CONFIG=asan check-unit check-fuzz

# The edge's side in its stories: lurk-agent, lurkctl and a program on liblurk as CONFIG=asan builds them, and
# lurk.so within stock programs. First a lurk.so that reads a byte too far has to be caught.
SANITIZED_EDGE := edge_check edge_dhe edge_haproxy edge_nginx edge_others edge_renewal liblurk
SANITIZED_LONG := agent agent_fleet edge_faults provider provider_lurkd
sanitized = LURK_BIN=$(CURDIR)/build/release/bin LURK_EDGE_BIN=$(CURDIR)/build/asan$(1)/bin \
  LURK_E2E_UNDER='tests/support/sanitized.sh$(2)' CC='$(CC)' tests/support/run-e2e.sh
edge: $(patsubst %,$(OUT)/bin/%,lurk-agent lurkctl) $(LIBLURK) $(PROVIDER)
check-asan-edge: all ## the edge's stories with AddressSanitizer and UBSan in agent, provider, liblurk (T=name picks)
	$(Q)$(MAKE) --no-print-directory CONFIG=asan edge control
	$(Q)$(call sanitized,/control, --catches heap-buffer-overflow) '' tests/e2e/edge_check.py
	$(Q)$(call sanitized) '$(T)' $(SANITIZED_EDGE:%=tests/e2e/%.py)

CONTROL := $(OUT)/control
control: $(CONTROL)/lib/lurk.so
$(CONTROL)/remote.c: tools/provider/remote.c tests/support/overread.sed
	$(folder)
	$(Q)sed -f tests/support/overread.sed $< >$@; ! cmp -s $< $@
$(CONTROL)/remote.o: LK_CFLAGS := $(patsubst -fPIE,$(PIC_FLAGS),$(LK_CFLAGS))
$(CONTROL)/remote.o: $(CONTROL)/remote.c
	$(Q)$(CC) $(LK_CFLAGS) $(PKG_CFLAGS) -c -o $@ $<
$(CONTROL)/lib/lurk.so: $(PROVIDER) $(CONTROL)/remote.o
	$(call say,LD,$@)
	$(folder)
	$(Q)ln -sfn ../bin $(CONTROL)/bin
	$(Q)$(LINK_PROVIDER) -o $@ $(CONTROL)/remote.o $(filter-out %/remote.o,$(PROVIDER_OBJ)) $(PIC_LIB) $(shell pkg-config --libs libcrypto)

# What tests/support/one_process.py runs.
ONE_PROCESS := $(patsubst %,$(OUT)/bin/%,lurkd lurkctl)
TSAN_OPTIONS := halt_on_error=1 second_deadlock_stack=1 suppressions=$(CURDIR)/tests/support/tsan.supp
check-tsan: ## threads under ThreadSanitizer: rings, slots, workers, loops, a server of one process
	$(Q)$(MAKE) --no-print-directory CONFIG=tsan parts-of-tsan
	$(Q)TSAN_OPTIONS='$(TSAN_OPTIONS)' tests/support/run-units.py build/tsan '' $(TSAN_BIN)
	$(Q)$(MAKE) --no-print-directory CONFIG=tsan check-sabotage
	$(Q)TSAN_OPTIONS='$(TSAN_OPTIONS)' LURK_BIN=$(CURDIR)/build/tsan/bin \
	  tests/support/run-e2e.sh '' tests/support/one_process.py

STORIES := $(sort $(wildcard tests/e2e/*.sh tests/e2e/*.py))
check-e2e: all testbuild ## stories: start, serve an edge, reload, overload, stop (T=name picks)
	$(Q)LURK_BIN=$(CURDIR)/build/release/bin LURK_TEST_BIN=$(CURDIR)/build/test/bin \
	  tests/support/run-e2e.sh '$(T)' $(STORIES)

# The manual and the example of the configuration come from the rows of its schema.
CONFDOC := $(OUT)/tools/dev/confdoc
$(CONFDOC): $(OUT)/tools/dev/confdoc.o $(OUT)/tools/lurk-agent/schema.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(LK_LDFLAGS) -o $@ $^ $(PKG_LIBS)

docs: $(CONFDOC) ## write what is generated in docs/
	$(Q)mkdir -p docs/man
	$(Q)for p in lurkd lurk-agent; do $(CONFDOC) $$p man > docs/man/$$p.conf.5.scd && \
	  $(CONFDOC) $$p example > docs/$$p.conf.example.yaml || exit 1; done

check-docs: $(CONFDOC) ## docs/ is in step with the schemas, and what it names exists
	$(Q)tools/dev/doccheck.py
	$(Q)for p in lurkd lurk-agent; do $(CONFDOC) $$p man | cmp - docs/man/$$p.conf.5.scd && \
	  $(CONFDOC) $$p example | cmp - docs/$$p.conf.example.yaml || { echo "run: make docs"; exit 1; }; done; \
	  echo "docs: 4 passed, 0 failed"

# All of it at once, on all CPUs. What only computes then runs side by side, the longest first, and gives way to the
# stories, which wait more than they compute; those that measure time have the machine to themselves in the end.
.PHONY: check-build check-build-asan check-build-tsan parts-of-asan parts-of-tsan
check-build: pki all testbuild $(UNIT_BIN) $(FUZZ_REPLAY) $(TAINT) check-build-asan check-build-tsan
check-build-asan check-build-tsan: | shared $(LIB)
	$(Q)$(MAKE) --no-print-directory CONFIG=$(@:check-build-%=%) $(@:check-build-%=parts-of-%)
parts-of-asan: $(UNIT_BIN) $(FUZZ_REPLAY) edge control
parts-of-tsan: $(ONE_PROCESS) $(TSAN_BIN)

.PHONY: check-computes check-given-way check-stories
check-computes: check-sabotage check-unit check-asan check-tsan check-ct check-fuzz check-docs
check-given-way:
	$(Q)nice -n 5 $(MAKE) --no-print-directory check-computes
check-stories:
	$(Q)$(MAKE) --no-print-directory check-asan-edge
	$(Q)LURK_E2E_PART=beside $(MAKE) --no-print-directory check-e2e
check-all:
	$(Q)$(MAKE) --no-print-directory -j$$(($$(nproc) + 1)) --output-sync check-given-way check-stories
	$(Q)LURK_E2E_PART=alone $(MAKE) --no-print-directory check-e2e

# Fuzzing links the library built by clang with its own flags; new finds stay in build/fuzz.
FUZZ_SECONDS ?= 30
# clang wants to be told of the one 16-byte swap for the whole file.
FUZZ_TARGET := $(if $(filter x86_64,$(shell uname -m)),-mcx16)
FUZZ_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_NAMES := $(filter $(or $(F:%=fuzz_%),%) $(F),$(FUZZ_SRC:tests/fuzz/%.c=%))
FUZZ_LIB_OBJ := $(patsubst %.c,$(FUZZ_OUT)/%.o,$(LIB_SRC) $(GEN_SRC) $(LIBLURK_SRC) $(AGENT_SRC) tools/provider/keyfile.c tools/provider/transcript.c) $(patsubst $(OUT)/%,$(FUZZ_OUT)/%,$(FUZZ_SUPPORT_OBJ))

$(FUZZ_OUT)/%.o: %.c
	$(call say,CLANG,$<)
	$(folder)
	$(Q)$(CLANG) -std=gnu11 -D_GNU_SOURCE -I. $(WARN) -O1 -g -fno-strict-aliasing $(FUZZ_TARGET) $(FUZZ_SANITIZE) \
	  -fsanitize=fuzzer-no-link $(PKG_CFLAGS) -DLK_COMMIT='"$(GIT_COMMIT)"' -DLK_CONFIG='"fuzz"' $(filter-out $(GCC_ALONE),$(CFLAGS_KERNEL)) -MMD -MP -c -o $@ $<

$(FUZZ_OUT)/liblurk-server.a: $(FUZZ_LIB_OBJ)
	@rm -f $@
	$(Q)ar rcsD $@ $^

$(FUZZ_OUT)/bin/%: $(FUZZ_OUT)/tests/fuzz/%.o $(FUZZ_OUT)/liblurk-server.a
	$(call say,LD,$@)
	$(folder)
	$(Q)$(CLANG) -fsanitize=fuzzer $(FUZZ_SANITIZE) -pthread -o $@ $^ $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

fuzz: $(FUZZ_NAMES:%=$(FUZZ_OUT)/bin/%) ## fuzz each target FUZZ_SECONDS (F=name picks)
	$(if $(FUZZ_NAMES),,$(error F=$(F): no such target in tests/fuzz))
	$(Q)for n in $(FUZZ_NAMES); do mkdir -p $(FUZZ_OUT)/corpus/$$n; echo "  FUZZ   $$n"; \
	  $(FUZZ_OUT)/bin/$$n -max_total_time=$(FUZZ_SECONDS) -max_len=65535 -print_final_stats=1 \
	    -artifact_prefix=$(FUZZ_OUT)/$$n- $(FUZZ_OUT)/corpus/$$n tests/fuzz/corpus/$$n >$(FUZZ_OUT)/$$n.log 2>&1 || { tail -40 $(FUZZ_OUT)/$$n.log; exit 1; }; \
	  grep -E 'number_of_executed_units|cov:' $(FUZZ_OUT)/$$n.log | tail -2; done

check: ## install what is missing, then everything in tests/
	$(Q)tools/dev/deps.sh test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) check-build
	$(Q){ $(MAKE) --no-print-directory check-all; echo $$? >build/check.code; } 2>&1 | tee build/check.log; \
	  [ "$$(cat build/check.code)" -eq 0 ] || { echo "== build/check.log has what failed:"; \
	    grep -nE '^ *FAILED|^\[  FAILED|^== |: error:' build/check.log | cut -c 1-400 | tail -n 40; exit 1; }

demo: ## build, start a server on loopback, ask it, measure it for five seconds a transport, drain; nginx and HAProxy with its keys
	$(Q)tools/dev/deps.sh demo
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)python3 tools/dev/demo.py

lint: ## style: floors, sizes, names; cppcheck and shellcheck where they are installed; all three speak
	$(Q)bad=0; tools/dev/tidy.py || bad=1; \
	! command -v shellcheck >/dev/null || shellcheck $$(git ls-files '*.sh') || bad=1; \
	! command -v cppcheck >/dev/null || cppcheck -q --std=c11 --enable=warning,portability \
	  --inline-suppr --error-exitcode=1 -D__cppcheck__ -DLK_JEMALLOC -I. core io crypto tools || bad=1; exit $$bad

format: ## clang-format over every source file
	$(Q)clang-format -i $$(git ls-files '*.c' '*.cc' '*.h')

MANUALS := $(wildcard docs/man/*.scd)
man: $(MANUALS:docs/man/%.scd=build/man/%) ## manual pages
build/man/%: docs/man/%.scd
	$(folder)
	$(Q)scdoc <$< >$@.made && awk -f tools/dev/manual.awk $@.made >$@

install: all man ## into DESTDIR, PREFIX
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)/etc/lurk \
	  $(DESTDIR)/lib/systemd/system $(DESTDIR)$(PREFIX)/share/doc/lurk
	install -m 755 $(OUT)/bin/lurkd $(OUT)/bin/lurk-agent $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(OUT)/bin/lurkctl $(OUT)/bin/lurk-bench $(DESTDIR)$(PREFIX)/bin/
	sed 's|/usr/local|$(PREFIX)|' tools/lurkd/lurkd.service >$(DESTDIR)/lib/systemd/system/lurkd.service
	sed 's|/usr/local|$(PREFIX)|' tools/lurk-agent/lurk-agent.service >$(DESTDIR)/lib/systemd/system/lurk-agent.service
	install -m 644 tools/lurk-agent/lurk-agent.socket $(DESTDIR)/lib/systemd/system/
	install -m 644 docs/*.md docs/*.conf.example.yaml README.md $(DESTDIR)$(PREFIX)/share/doc/lurk/
	install -d $(DESTDIR)$(PREFIX)/share/doc/lurk/edge
	install -m 644 docs/edge/* $(DESTDIR)$(PREFIX)/share/doc/lurk/edge/
	install -m 755 tools/dev/auditcheck.py $(DESTDIR)$(PREFIX)/share/doc/lurk/
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 tools/liblurk/lurk.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(LIBLURK) $(DESTDIR)$(PREFIX)/lib/
	install -D -m 644 $(PROVIDER) $(DESTDIR)$(MODULESDIR)/lurk.so
	ln -sf $(notdir $(LIBLURK)) $(DESTDIR)$(PREFIX)/lib/liblurk.so
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(LURK_ABI)|' tools/liblurk/lurk.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/lurk.pc
	for m in $(notdir $(MANUALS:%.scd=%)); do \
	  install -D -m 644 build/man/$$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$$m; done

uninstall: ## remove what install put there; configuration and keys stay
	rm -f $(DESTDIR)$(PREFIX)/sbin/lurkd $(DESTDIR)$(PREFIX)/sbin/lurk-agent $(DESTDIR)$(PREFIX)/bin/lurkctl $(DESTDIR)$(PREFIX)/bin/lurk-bench
	rm -f $(DESTDIR)/lib/systemd/system/lurkd.service $(DESTDIR)/lib/systemd/system/lurk-agent.service \
	  $(DESTDIR)/lib/systemd/system/lurk-agent.socket
	rm -f $(DESTDIR)$(PREFIX)/include/lurk.h $(DESTDIR)$(PREFIX)/lib/pkgconfig/lurk.pc
	rm -f $(DESTDIR)$(PREFIX)/lib/$(notdir $(LIBLURK)) $(DESTDIR)$(PREFIX)/lib/liblurk.so
	rm -f $(DESTDIR)$(MODULESDIR)/lurk.so
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/lurk
	for m in $(notdir $(MANUALS:%.scd=%)); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$$m; done

dist: ## a source archive of this commit
	git archive --format=tar.gz --prefix=lurk/ -o build/lurk.tar.gz HEAD

clean: ## remove build/
	rm -rf build

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16
