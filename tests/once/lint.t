#!/bin/sh
# clang-tidy (.clang-tidy) and cppcheck find nothing in the sources, and do find what was put there
# for them. Needs neither root nor BPF.
. "$(dirname "$0")/../lib.sh"

jobs=$(nproc)
arch=$(uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
c="src/*.c $(ls tools/*/*.c | grep -v '\.bpf\.c$' | tr '\n' ' ')"

# each CLANG-TIDY-OPTIONS -- FILES... -- COMPILER-OPTIONS
tidy() {
	printf '%s\n' $2 | xargs -P "$jobs" -n 3 sh -c '
		options=$1 compiler=$2
		shift 2
		clang-tidy --quiet --config-file=.clang-tidy $options "$@" -- $compiler 2>&1' \
		sh "$1" "$3" | grep -Ev '^[0-9]+ warnings? (generated|treated as errors?)\.?$' >"$T/tidy"
	[ ! -s "$T/tidy" ] || { cat "$T/tidy"; return 1; }
}

check() {
	# comparePointers: the tools are what the linker has put between two symbols
	# LIBBPF_OPTS declares a struct, in a header that cppcheck isn't shown
	cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr --quiet \
		--error-exitcode=1 --suppress=comparePointers -D_GNU_SOURCE \
		"-DLIBBPF_OPTS(t,n,...)=struct t n = {0}" -j "$jobs" "$@"
}

host="-std=gnu11 -D_GNU_SOURCE -Wall -Wextra"
ok "clang-tidy: src, tools" tidy "" "$c" "$host"
# The kernel half: its pointers are numbers to others (int-to-ptr), and a chain of cases is easier to
# read than one of conditions (branch-clone). The analyzer knows no verifier.
ok "clang-tidy: the kernel half" tidy \
	"--checks=-clang-analyzer-*,-performance-no-int-to-ptr,-bugprone-branch-clone" \
	"$(ls tools/*/*.bpf.c)" \
	"-O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$arch -I/usr/include/$(uname -m)-linux-gnu"
ok "cppcheck: src, tools" check $c

cat >"$T/bad.c" <<'C'
#include <stdlib.h>
int main(int argc, char **argv)
{
	int *list = malloc(4 * sizeof(*list)), room[4] = { 0 };

	(void)argv;
	if (!list)
		return 1;
	free(list);
	if (argc > 9)
		room[4] = argc;
	return list[0] + room[0];
}
C
tidy "" "$T/bad.c" "$host" >"$T/out"
like "$(cat "$T/out")" 'clang-analyzer-unix\.Malloc' "clang-tidy finds memory that is used when it is free"
ok "cppcheck finds an index that is too large" sh -c "! cppcheck --quiet --error-exitcode=1 $T/bad.c"
done_testing
