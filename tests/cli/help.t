#!/bin/sh
# What the program says about itself. Exercises --help (every option, the columns, five examples,
# 80 columns) and -h (on one screen) of each tool, -V, list, help TOOL, unknown tools, links, the
# suffix -sockray, and that nothing of that is lost on a full disk. Needs neither root nor BPF.
. "$(dirname "$0")/../lib.sh"

run "$B/soconnect" --help
is "$rc$err" 0 "--help: exit code 0, nothing on stderr"
help=$out
like "$help" '^Usage: soconnect .*INTERVAL.*COUNT.*-- COMMAND' "--help: usage"
# all options of the interface that this tool can honour, with their letters
while read -r letter name argument; do
	case $letter in
	.) pattern="^ +(-[a-zA-Z0-9], )?--$name" ;;
	*) pattern="^ +-$letter, --$name" ;;
	esac
	[ "$argument" ] && pattern="$pattern [A-Z]" || pattern="$pattern  "
	like "$help" "$pattern.* [a-z]" "--help: --$name"
done <<OPTIONS
p pid PID
. tid TID
. follow
c comm NAME
u uid UID
4 ipv4
6 ipv6
f family LIST
. protocol LIST
P port LIST
a addr CIDR
. cgroup PATH
. netns NS
x failed
e errno NAME
. min-lat USEC
i interval SEC
d duration SEC
n max-events N
t timestamp
T time
. ts FORMAT
w wide
. fields LIST
. bt
j json
s csv
. backend LIST
. compat
. strict
. stats
q quiet
H no-header
o output FILE
v verbose
V version
h help
. final
. count
. map-size N
OPTIONS
for column in PID PROCESS FAM ADDRESS PORT 'LAT\(us\)' RESULT; do
	like "$help" "^ +$column +[^ ]" "--help: column $column"
done
unlike "$help" "$(printf '\t')" "--help: no tabs"
like "$help" 'default' "--help: defaults are told"
like "$help" '(micro)?seconds|us\)' "--help: units are told"
run "$B/sockstat" --help
like "$out" '^This is not .* lists sockets.* ss -p' "sockstat --help: for sockets, ss"

# examples OPTION: those of $tool, from its help
examples() {
	"$B/$tool" $1 | sed -n '/^Examples/,$p' | sed -n "s/^  \\($tool\\( [^ ][^ ]*\\)*\\)  .*/\\1/p"
}
"$B/sockray" list >"$T/tools"
while read -r tool _; do
	for option in --help -h; do
		text=$("$B/$tool" $option)
		is "$(printf '%s\n' "$text" | awk 'length($0) > 80')" "" "$tool $option: 80 columns"
		is "$(examples $option | wc -l) $(printf '%s\n' "$text" | tail -n 5 | grep -c "^  $tool ")" \
			"5 5" "$tool $option: five examples at the end"
	done
	# with a prompt below it
	ok "$tool -h: $(printf '%s\n' "$text" | wc -l) lines fit a screen of 24" \
		test "$(printf '%s\n' "$text" | wc -l)" -le 23
	printf '%s\n' "$text" | sed -n '/--help/d; /^ *[A-Z-]/p' | sed '/^Examples/,$d' >"$T/brief"
	is "$("$B/$tool" --help | grep -cFxf "$T/brief")" "$(wc -l <"$T/brief")" \
		"$tool -h: its lines are of --help"
	like "$text" '--help  ' "$tool -h: says where the rest is"
	# the examples are true: each is accepted (as far as that can be seen without tracing)
	examples -h >"$T/examples"
	while read -r _ example; do
		run "$B/$tool" $(echo "$example" | sed 's/ *--\( .*\)*$//; s/>.*//') --fields help
		is "$rc" 0 "$tool --help: the example \"$example\" is right"
	done <"$T/examples"
done <"$T/tools"

run "$B/soconnect" -x -h --nonsense
is "$rc" 0 "-h wins over what follows"
run "$B/sockray" help soconnect
is "$rc$out" "0$help" "help TOOL"
run "$B/sockray" soconnect --help
is "$rc$out" "0$help" "sockray TOOL --help"

for v in -V --version; do
	run "$B/soconnect" $v
	like "$rc $out$err" '^0 (sockray|soconnect) [0-9]+\.[0-9.]+[^ ]*$' "soconnect $v"
	run "$B/sockray" $v
	like "$rc $out$err" '^0 sockray [0-9]+\.[0-9.]+[^ ]*$' "sockray $v"
done

run "$B/sockray" list
is "$rc$err" 0 "list: exit code 0, nothing on stderr"
like "$out" '^soconnect +[^ ]' "list: a line each"
for argument in -h --help help; do
	run "$B/sockray" $argument
	like "$rc $out" 'soconnect' "sockray $argument: names the tools"
	is "$rc$err" 0 "sockray $argument: exit code 0, nothing on stderr"
done
run "$B/sockray"
like "$out$err" 'soconnect' "sockray alone: names the tools"

for words in "nonsense" "help nonsense" "--nonsense" "soconnectx"; do
	run "$B/sockray" $words
	is "$rc$out" 2 "sockray $words: exit code 2, nothing on stdout"
	like "$err" "^sockray: .*$(echo "$words" | sed 's/help //')" "sockray $words: names it"
	is "$(printf '%s\n' "$err" | wc -l)" 1 "sockray $words: one sentence"
done
while read -r words; do
	right=${words#* => }
	run "$B/sockray" ${words% => *}
	like "$err" "did you mean $right\\?\$" "sockray ${words% => *}: $right"
done <<WORDS
soconect => soconnect
conect => soconnect
family => sofamily
sockstats => sockstat
SOFAMILY => sofamily
soproto => soprotocol
dcotor => doctor
help sofamly => sofamily
--hlep => --help
WORDS
run "$B/sockray" xyzzy
unlike "$err" 'did you mean' "sockray xyzzy: nothing is near"
run "$B/sockray" "$(printf 'x\033[2Jx')"
ok "an unknown tool with ESC: none reaches the terminal" sh -c "! grep -q '$(printf '\033')' '$T/err'"

run "$B/sockray" soconnect --nonsense
is "$rc $err" "2 soconnect: there is no option --nonsense
Try 'sockray soconnect --help'." "sockray soconnect: says how it was called"

# by its own name, wherever the link is
mkdir "$T/bin"
for name in soconnect soconnect-sockray; do
	ln -s "$B/sockray" "$T/bin/$name"
	run "$T/bin/$name" --nonsense
	is "$rc $err" "2 $name: there is no option --nonsense
Try '$name --help'." "link $name: says its name"
	run "$T/bin/$name" -V
	is $rc 0 "link $name"
	run "$T/bin/$name" --help
	is "$out" "$help" "link $name: is the tool"
	run env PATH="$T/bin:$PATH" "$name" --help
	is "$out" "$help" "link $name in the PATH"
done
ln -s "$B/sockray" "$T/bin/anything"
run "$T/bin/anything" soconnect --help
is "$out" "$help" "a link of another name takes the tool as its first word"

# ---- a full disk is told
for words in "soconnect --help" "soconnect -V" "soconnect --fields help" "help soconnect" list -V --help; do
	"$B/sockray" $words >/dev/full 2>"$T/err"
	is "$? $(wc -l <"$T/err")" "1 1" "$words >/dev/full: exit code 1, one sentence"
	like "$(cat "$T/err")" "^s[a-z]*: .*stdout" "$words >/dev/full: says so"
	"$B/sockray" $words >&- 2>"$T/err"
	is $? 1 "$words, stdout closed: exit code 1"
done
done_testing
