# SPDX-License-Identifier: GPL-2.0
# make          build/sockray and a link per tool, dynamic
# make static   build/sockray-static: one file for any x86-64 Linux with BTF
# make SAN=1    with ASan and UBSan, in build-san/
# make FUZZ=1 fuzz  the fuzz targets, in build-fuzz/; tests/fuzz/run runs them
# make tests    the test programs; tests/run runs them
# make static-tests  those that live tests run, for tests/vm/run
# make bench    runs the native benchmark, as root (bench/run); bench-programs only builds for it
# make install  (or install-strip, uninstall) with manual pages and completion: DESTDIR, PREFIX

MACHINE := $(shell uname -m)
INCLUDE := /usr/include
ARCH := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(MACHINE)))
B := $(if $(SAN),build-san,$(if $(FUZZ),build-fuzz,build))
PREFIX ?= /usr/local
prefix ?= $(PREFIX)
sbindir ?= $(prefix)/sbin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
bashdir ?= $(datadir)/bash-completion/completions
zshdir ?= $(datadir)/zsh/site-functions
fishdir ?= $(datadir)/fish/vendor_completions.d
INSTALL ?= install
# links to the program, each a tool: its name, or its name with -sockray behind it
LINKS ?= $(notdir $(wildcard tools/*))
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
HOSTCC ?= cc
STRIP ?= strip
PKG_CONFIG ?= pkg-config

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra $(if $(CI),-Werror)
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP
ifdef SAN
ALL_CFLAGS += -fsanitize=address,undefined -fno-omit-frame-pointer
endif
ifdef FUZZ
CC = $(CLANG)
ALL_CFLAGS += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
endif
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) \
	-I$(INCLUDE)/$(MACHINE)-linux-gnu $(WARN) -Wno-unused-parameter -MMD -MP
# without what only a linker needs, and line numbers: two thirds of an object
bpf_object = $(CLANG) $(BPF_CFLAGS) -c -o $@ $< && \
	$(LLVM_STRIP) -g -R .rel.BTF -R .rel.BTF.ext -w -N 'LBB*' $@ && $B/slim $@
LIBS = $(shell $(PKG_CONFIG) --libs $(STATIC_FLAG) libdw libbpf zlib libcap libseccomp) -liberty

tools := $(notdir $(wildcard tools/*))
objects := $(patsubst src/%.c,$B/%.o,$(wildcard src/*.c)) \
	$(foreach t,$(tools),$B/$t.o $B/$t.embed.o)
# all that unit tests may link: the program without its main
testable := $(filter-out $B/main.o,$(objects))

# the shells' completion, for the names that the tools have here
completions := $(patsubst completions/%,$B/completions/%,$(wildcard completions/sockray.*))

all: $B/sockray $(tools:%=$B/%) $(completions)

$(completions): $B/completions/%: completions/% | $B
	mkdir -p $(@D)
	sed 's/@COMMANDS@/sockray $(LINKS)/' $< >$@

$B/sockray: $(objects)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(tools:%=$B/%): $B/sockray
	ln -sf sockray $@

static: $B/sockray-static
$B/sockray-static: STATIC_FLAG = --static
$B/sockray-static: $(objects)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -o $@ $^ $(LIBS)
	$(STRIP) $@

$B/%.o: src/%.c | $B
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$B/slim: bpf/slim.c | $B
	$(HOSTCC) -O2 $(WARN) -o $@ $< -lelf

define tool_rules
$B/$1.bpf.o: tools/$1/$1.bpf.c $B/slim
	$$(bpf_object)
$B/$1.o: tools/$1/$1.c | $B
	$$(CC) $$(ALL_CFLAGS) -c -o $$@ $$<
$B/$1.embed.o: src/embed.S $B/$1.bpf.o | $B
	$$(CC) -DTOOL=$1 -DOBJECT='"$B/$1.bpf.o"' -c -o $$@ $$<
endef
$(foreach t,$(tools),$(eval $(call tool_rules,$t)))

units := $(patsubst tests/unit/%.c,$B/%,$(wildcard tests/unit/test_*.c))
CALLPATHS := $(patsubst %,$B/callpath%,$(empty) -frameless -glue -stale -saved -static -other -32)
CALLPATHS += $B/callpath
static_tests := $(patsubst %,$B/%-static,traffic operations blocked compare sockray-broken \
	$(if $(filter x86,$(ARCH)),traffic32 operations32))
tests: $(units) $B/sockray-broken $B/traffic $B/traffic32 $B/operations $B/operations32 \
	$B/blocked $B/compare $(CALLPATHS)

# the calls that it makes fail, one by one
FAULTS := malloc calloc realloc fopen getline gzopen tsearch vasprintf opendir setmntent \
	write poll ftruncate close
$B/test_faults: private UNIT_LDFLAGS := $(FAULTS:%=-Wl,--wrap=%)
$(units): $B/%: tests/unit/%.c $(testable)
	$(CC) $(ALL_CFLAGS) $(UNIT_LDFLAGS) -Isrc -Ibpf -o $@ $(filter-out %.h,$^) $(LIBS) -lcmocka

# with FUZZ=1
fuzzers := $(patsubst tests/fuzz/%.c,$B/fuzz-%,$(filter-out %/fuzz.c,$(wildcard tests/fuzz/*.c)))
fuzz: $(fuzzers)
$(fuzzers): $B/fuzz-%: tests/fuzz/%.c tests/fuzz/fuzz.c $(testable)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $(filter-out %.h,$^) $(LIBS) -ljansson

# soconnect with routes that are no good
$B/broken.bpf.o: tests/broken.bpf.c $B/slim
	$(bpf_object)
$B/broken.embed.o: src/embed.S $B/broken.bpf.o | $B
	$(CC) -DTOOL=soconnect -DOBJECT='"$B/broken.bpf.o"' -c -o $@ $<
$B/sockray-broken: $(filter-out $B/soconnect.embed.o,$(objects)) $B/broken.embed.o
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$B/sockray-broken-static: STATIC_FLAG = --static
$B/sockray-broken-static: $(filter-out $B/soconnect.embed.o,$(objects)) $B/broken.embed.o
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -static -o $@ $^ $(LIBS)

# the judges are not what is judged: without sanitizers
JUDGE_CFLAGS = $(filter-out -fsanitize% -fno-omit-frame-pointer,$(ALL_CFLAGS))
$B/traffic: tests/traffic.c | $B
	$(CC) $(JUDGE_CFLAGS) -pthread -o $@ $< -luring
$B/traffic32: tests/traffic.c | $B
	$(CC) $(JUDGE_CFLAGS) -m32 -DTRAFFIC32 -pthread -o $@ $<
$B/operations: tests/operations.c | $B
	$(CC) $(JUDGE_CFLAGS) -pthread -o $@ $< -luring
$B/operations-static: tests/operations.c | $B
	$(CC) $(JUDGE_CFLAGS) -static -pthread -o $@ $< -luring
$B/operations32: tests/operations.c | $B
	$(CC) $(JUDGE_CFLAGS) -m32 -DTRAFFIC32 -pthread -o $@ $<
# optimised, or there would be nothing to tell apart
$(CALLPATHS): tests/callpath.c | $B
	$(CC) $(JUDGE_CFLAGS) -O2 -pthread $(if $(findstring frameless,$@),,-fno-omit-frame-pointer) \
		$(callpath-$(@:$B/callpath-%=%)) -o $@ $<
callpath-frameless = -fomit-frame-pointer
callpath-glue = -DLEAF=GLUE
callpath-stale = -DLEAF=STALE
callpath-saved = -DLEAF=SAVED
callpath-static = -static -no-pie -Wl,--build-id=none
callpath-other = -static -no-pie -Wl,--build-id=none -DLEAF=GLUE
callpath-32 = -m32
$B/blocked: tests/blocked.c | $B
	$(CC) $(JUDGE_CFLAGS) -pthread -o $@ $<
$B/compare: tests/compare.c | $B
	$(CC) $(JUDGE_CFLAGS) -o $@ $< -ljansson

# all that live tests run, static: what tests/vm/run takes to other kernels
static-tests: static $(static_tests)
$(static_tests): JUDGE_CFLAGS += -static
$B/%-static: tests/%.c | $B
	$(CC) $(JUDGE_CFLAGS) -pthread -o $@ $< -luring -ljansson
$B/%32-static: tests/%.c | $B
	$(CC) $(JUDGE_CFLAGS) -m32 -DTRAFFIC32 -pthread -o $@ $<
# what the benchmarks run: traffic, and programs that do nothing
$B/generate: bench/generate.c | $B
	$(CC) $(JUDGE_CFLAGS) -O2 -static -o $@ $<
bench_bpf = $B/empty $B/attempts
bench_objects = $(bench_bpf) $B/truths
$(bench_objects:%=%.bpf.o): $B/%.bpf.o: bench/%.bpf.c $B/slim
	$(bpf_object)
$(bench_objects:%=%.embed.o): $B/%.embed.o: src/embed.S $B/%.bpf.o | $B
	$(CC) -DTOOL=$* -DOBJECT='"$B/$*.bpf.o"' -c -o $@ $<
$B/attempts: $B/truths.embed.o $B/types.o $B/util.o $B/format.o
$(bench_bpf): STATIC_FLAG = --static
$(bench_bpf): $B/%: bench/%.c $B/%.embed.o | $B
	$(CC) $(JUDGE_CFLAGS) -static -o $@ $(filter-out %.h,$^) $(LIBS)
# what a row costs in user space, by itself
$B/rows: STATIC_FLAG = --static
$B/rows: bench/rows.c $(testable) | $B
	$(CC) $(ALL_CFLAGS) -static -o $@ $(filter-out %.h,$^) $(LIBS)
bench-programs: all static $B/generate $(bench_bpf) $B/rows
bench: bench-programs
	bench/run

# DESTDIR, PREFIX (or prefix) and the other directories may be given; STRIP=: and INSTALL, too. Where
# another program is called sockstat already, our link to it is sockstat-sockray.
owned = $(and $(filter sockstat,$1),$(foreach d,/usr/bin /usr/sbin /usr/local/bin $(DESTDIR)$(sbindir), \
	$(if $(filter-out sockray,$(notdir $(realpath $d/sockstat))),yes)))
links := $(foreach t,$(LINKS),$t$(if $(strip $(call owned,$t)),-sockray))
names = s/@COMMANDS@/sockray $(links)/
install install-strip: all
	$(INSTALL) -d $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(bashdir) \
		$(DESTDIR)$(zshdir) $(DESTDIR)$(fishdir)
	$(INSTALL) $(if $(findstring strip,$@),-s --strip-program=$(STRIP)) $B/sockray $(DESTDIR)$(sbindir)
	$(INSTALL) -m 644 man/sockray.8 $(DESTDIR)$(mandir)/man8
	sed '$(names)' completions/sockray.bash >$(DESTDIR)$(bashdir)/sockray
	sed '$(names)' completions/sockray.zsh >$(DESTDIR)$(zshdir)/_sockray
	sed '$(names)' completions/sockray.fish >$(DESTDIR)$(fishdir)/sockray.fish
	chmod 644 $(DESTDIR)$(bashdir)/sockray $(DESTDIR)$(zshdir)/_sockray \
		$(DESTDIR)$(fishdir)/sockray.fish
	for link in $(links); do \
		ln -sf sockray $(DESTDIR)$(sbindir)/$$link && \
		$(INSTALL) -m 644 man/$${link%-sockray}.8 $(DESTDIR)$(mandir)/man8/$$link.8 && \
		ln -sf sockray $(DESTDIR)$(bashdir)/$$link && \
		ln -sf sockray.fish $(DESTDIR)$(fishdir)/$$link.fish || exit 1; \
	done
uninstall:
	for name in sockray $(LINKS) $(LINKS:%=%-sockray); do \
		link=$(DESTDIR)$(sbindir)/$$name; \
		[ $$name = sockray ] || [ "$$(readlink $$link)" = sockray ] || continue; \
		rm -f $$link $(DESTDIR)$(mandir)/man8/$$name.8 $(DESTDIR)$(bashdir)/$$name \
			$(DESTDIR)$(fishdir)/$$name.fish; \
	done
	rm -f $(DESTDIR)$(zshdir)/_sockray

$B:
	mkdir -p $@
clean:
	rm -rf build build-san build-fuzz

-include $(wildcard $B/*.d)
.PHONY: all static tests fuzz static-tests bench-programs bench install install-strip uninstall \
	clean
.DELETE_ON_ERROR:
