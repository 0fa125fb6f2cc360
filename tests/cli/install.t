#!/bin/sh
# make install: which files, what they hold, DESTDIR and PREFIX, install-strip, uninstall, and that a
# sockstat that isn't ours is left alone. Needs neither root nor BPF.
. "$(dirname "$0")/../lib.sh"

case ${B##*/} in
build) san= ;;
build-san) san=SAN=1 ;;
*) skip_all "the programs are not those of make" ;;
esac
unset MAKEFLAGS MAKELEVEL DESTDIR PREFIX prefix

installs() { # NAME TARGET VARIABLES...
	name=$1
	shift
	run make -s $san "$@"
	is "$rc $out" "0 " "$name: make $1"
}
files() {
	(cd "$1" && find . ! -type d -printf '%P %m %l\n' | sort)
}

# a machine on which nobody else has a sockstat, whatever this one has
tools=$("$B/sockray" list | cut -d' ' -f1)
installs "/usr" install "DESTDIR=$T/a" PREFIX=/usr "owned="
{
	cat <<-FILES
	sbin/sockray 755
	share/bash-completion/completions/sockray 644
	share/fish/vendor_completions.d/sockray.fish 644
	share/man/man8/sockray.8 644
	share/zsh/site-functions/_sockray 644
	FILES
	for tool in $tools; do
		cat <<-FILES
		sbin/$tool 777 sockray
		share/bash-completion/completions/$tool 777 sockray
		share/fish/vendor_completions.d/$tool.fish 777 sockray.fish
		share/man/man8/$tool.8 644
		FILES
	done
} | sed 's/\([0-9]\)$/\1 /' | sort >"$T/want"
is "$(files "$T/a/usr")" "$(cat "$T/want")" "/usr: the files, their modes and links"
for tool in sockray $tools; do
	ok "/usr: $tool's page" cmp "man/$tool.8" "$T/a/usr/share/man/man8/$tool.8"
	is "$("$T/a/usr/sbin/$tool" -V)" "$("$B/sockray" -V)" "/usr: $tool runs"
done
while read -r shell file; do
	sed "s/@COMMANDS@/sockray $(echo $tools)/" "completions/sockray.$shell" >"$T/completion"
	ok "/usr: $shell's completion, for all names" cmp "$T/completion" "$T/a/usr/share/$file"
done <<FILES
bash bash-completion/completions/sockray
zsh zsh/site-functions/_sockray
fish fish/vendor_completions.d/sockray.fish
FILES

installs "again" install "DESTDIR=$T/a" PREFIX=/usr "owned="
is "$(files "$T/a/usr")" "$(cat "$T/want")" "again: the same"
installs "/usr" uninstall "DESTDIR=$T/a" PREFIX=/usr
is "$(files "$T/a")" '' "uninstall: nothing is left"

installs "default" install "DESTDIR=$T/b" "owned="
ok "default: /usr/local" test -x "$T/b/usr/local/sbin/soconnect"
installs "prefix in small letters" install "DESTDIR=$T/c" prefix=/opt/x "owned="
ok "prefix in small letters" test -x "$T/c/opt/x/sbin/soconnect"
installs "stripped" install-strip "DESTDIR=$T/d" PREFIX=/usr "owned="
is "$("$T/d/usr/sbin/sockray" -V)" "$("$B/sockray" -V)" "stripped: runs"
ok "stripped: is smaller" test "$(stat -c %s "$T/d/usr/sbin/sockray")" -lt "$(stat -c %s "$B/sockray")"
unlike "$(readelf -SW "$T/d/usr/sbin/sockray")" ' \.(symtab|debug_info) ' "stripped: no symbols"
ok "stripped: what was built keeps its own" sh -c "readelf -SW '$B/sockray' | grep -q debug_info"

# ---- somebody else's sockstat

mkdir -p "$T/e/usr/sbin"
echo theirs >"$T/e/usr/sbin/sockstat"
installs "another sockstat" install "DESTDIR=$T/e" PREFIX=/usr
is "$(cat "$T/e/usr/sbin/sockstat")" theirs "another sockstat: left alone"
is "$("$T/e/usr/sbin/sockstat-sockray" -V)" "$("$B/sockray" -V)" "another sockstat: ours is sockstat-sockray"
ok "another sockstat: ours has its page" test -f "$T/e/usr/share/man/man8/sockstat-sockray.8"
ok "another sockstat: no page of that name" test ! -e "$T/e/usr/share/man/man8/sockstat.8"
ok "another sockstat: no completion of that name" \
	test ! -e "$T/e/usr/share/bash-completion/completions/sockstat"
installs "another sockstat" uninstall "DESTDIR=$T/e" PREFIX=/usr
is "$(files "$T/e/usr")" "sbin/sockstat 644 " "another sockstat: uninstall leaves it"
done_testing
