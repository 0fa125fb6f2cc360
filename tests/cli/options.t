#!/bin/sh
# Every option's text is taken wholly or refused in one clear sentence, before anything is traced:
# exit code 2, nothing on stdout, no control byte on stderr. Exercises unknown options, missing and
# superfluous arguments, bad values of each option, options that contradict each other, INTERVAL
# and COUNT, -- without a command, --fields help. Needs neither root nor BPF.
. "$(dirname "$0")/../lib.sh"

esc=$(printf '\033')

# refuse NAME ERE ARGUMENTS...: the sentence matches ERE. -d: should they be accepted after all
refuse() {
	name=$1 ere=$2
	shift 2
	run timeout -k 5 20 "$B/soconnect" "$@"
	sentence=$(printf '%s\n' "$err" | grep -v "^Try 'soconnect --help'\.$")
	if [ $rc != 2 ]; then
		flunk "$name: exit code 2" "exit code $rc: $err$out"
	elif [ "$out" ]; then
		flunk "$name: nothing on stdout" "$out"
	elif [ "$(printf '%s\n' "$sentence" | wc -l)" != 1 ]; then
		flunk "$name: one sentence" "$sentence"
	elif printf '%s' "$err" | tr -d '\n' | LC_ALL=C grep -q '[[:cntrl:]]'; then
		flunk "$name: no control bytes" "$(printf '%s' "$err" | cat -v)"
	else
		like "$sentence" "^soconnect: .*($ere)" "$name"
		case $sentence in
		*': Invalid argument') noise=$sentence ;;
		esac
	fi
}

# bad OPTION VALUES...: each refused, with its text in the sentence
bad() {
	option=$1
	shift
	for value; do
		text=$(printf '%s' "$value" | sed 's/[][\\.*^$?+(){}|]/\\&/g')
		refuse "$option '$value'" "$text" -d 0.01 "$option" "$value"
	done
}

refuse "unknown long option" '--nonsense' --nonsense
refuse "unknown short option" '-Z' -Z
refuse "unknown option behind others" '-Z' -jZ
refuse "unknown option behind good ones" '--nonsense' -4 -x --nonsense=3
refuse "ambiguous option" '--f' --f
refuse "an argument too much" '--json' --json=yes
refuse "a word too much" 'extra' --count 1 1 extra
refuse "a command without --" 'curl.*behind --' curl
refuse "a command without --, behind options" '/bin/ls.*behind --' -x /bin/ls -l

for option in -p --pid --tid -c --comm -u --uid -f --family --protocol -P --port -a --addr --cgroup \
	--netns -e --errno --min-lat -i --interval -d --duration -n --max-events --fields -o \
	--output --ts --backend --map-size; do
	refuse "$option without its argument" "$option" "$option"
	refuse "$option without its argument, behind others" "$option" -H "$option"
done

bad -p x '' 0 -1 1,,2 1, ,1 '1 2' 4294967296 1x 0x10 99999999999999999999 1.5
bad --pid x
bad --tid x '' 0 1, -5
bad -c 0123456789abcdef ''
bad -u no-such-user '' -1 4294967296 '0 ' +0
bad -f inet7 '' inet, inet,,unix 64 -1 99999999999 'inet unix'
bad --protocol tcpp '' tcp, -1 65536 99999999999999999999
bad -P 65536 '' x 80- -80 90-80 80,, 80-90-100 http 99999999999999999999 ' 80'
bad -a 10.0.0.0/33 '' 10.0.0 300.1.1.1 ::1/129 fe80::1%lo 10.0.0.1/ 10.0.0.1/x example.org /8 \
	10.0.0.1,,::1 1.2.3.4/-1 ::1::
bad --cgroup /no/such/group no/such/group 0 '' /etc 99999999999999999999
bad --netns no-such-netns '' 0 pid: pid:x pid:0 pid:4194999 ../etc/passwd 4294967296
bad -e EFOO '' ENOENT, 0 -1 99999 ENOENT,,EPERM
bad --min-lat x '' -1 99999999999999999999 '1 ' 10us
bad -n x '' 0 -1 1.5 99999999999999999999
bad -d x '' 0 -1 1s . 1. 1e3 99999999999999999999 inf nan 0.0000000001
bad -i x '' 0 -1
bad --ts x '' ISO iso,unix
bad --backend x ''
for value in tracepoint, tracepoint,,kprobe ,kprobe fentry,x; do
	refuse "--backend '$value'" "--backend|$value" -d 0.01 --backend "$value"
done
bad --map-size x '' 0 -1 99999999999999999999
bad --fields x '' PID bt_comm 'pid comm'
for value in pid, pid,,comm ,pid pid,x; do
	refuse "--fields '$value'" "--fields|$value" -d 0.01 --fields "$value"
done

# ---- what was meant

while read -r words; do
	right=${words#* => }
	words=${words% => *}
	run timeout -k 5 20 "$B/"$words -d 0.01
	like "$rc $err" "^2 .*did you mean $right\\?\$" "$words: did you mean $right?"
done <<WORDS
soconnect --jsno => --json
sockstat --by process => comm
sockstat --by call,thread => tid
soconnect --jason=1 => --json
soconnect --JSON => --json
soconnect --fnial => --final
soconnect --max-event-s 3 => --max-events
soconnect -f inte => inet
soconnect -f inet,uinx => unix
soconnect --protocol tpc => tcp
soconnect -e ECONREFUSED => ECONNREFUSED
soconnect -e timedout => ETIMEDOUT
soconnect -u rooot => root
soconnect --ts ios => iso
soconnect --backend kprob => kprobe
soconnect --fields pid,cmom => comm
soconnect --fields raddress => raddr
soconnect --fields PROCESS => comm
soconnect --fields ADDRESS => raddr
sockstat --by comm,fmaily => family
sockstat --call snd => send
WORDS
for words in "--xyzzy" "-f xyzzy" "-e EXYZZY" "--fields xyzzy"; do
	run timeout -k 5 20 "$B/soconnect" $words -d 0.01
	is "$rc $(printf '%s\n' "$err" | grep -c 'did you mean')" "2 0" "$words: nothing is near"
done
refuse "--fi: which of them" 'it may be --final, --fields$' --fi
refuse "--by: who has it" 'which is for sockstat$' --by pid
run "$B/soconnect" -comm nginx
like "$err" "^Try .* two dashes: --comm\.\$" "-comm nginx: has one dash too few"
run "$B/soconnect" -Z -- ls -json
unlike "$err" "dashes" "behind -- are the command's options"

# a text that is longer than anybody wants to read
long=$(head -c 5000 /dev/zero | tr '\0' 7)
for option in -p -c -u -f --protocol -P -a --cgroup --netns -e --min-lat -n -d --ts --backend \
	--map-size --fields; do
	run "$B/soconnect" -d 0.01 $option "$long"
	is "$rc $([ ${#err} -lt 500 ] || echo ${#err} bytes)" "2 " "$option: 5000 digits: a short sentence"
done
# bytes that a terminal would obey
for option in -p --tid -u -f --protocol -P -a --cgroup --netns -e --min-lat -i -d -n --ts --backend \
	--map-size --fields; do
	refuse "$option with ESC" "x" -d 0.01 $option "x$esc[31mx"
done
refuse "ESC as an option" "" "-$esc[31m"
refuse "ESC as a long option" "" "--x$esc[31m"
refuse "ESC as INTERVAL" "" --count "$esc[31m"
refuse "C1 as a value" "" -f "$(printf 'x\302\23331mx')"
refuse "newline as a value" "" -p "$(printf '1\nsoconnect: all is well')"

# ---- contradictions

for forms in "-j -s" "--json --csv" "--bt -j" "-s --bt"; do
	refuse "$forms" "(--bt|--json|--csv|-j|-s)" $forms -d 0.01
done
refuse "-j -- COMMAND without -o" "-o" -j -- true
refuse "-s -- COMMAND without -o" "-o" --csv -- true
refuse "INTERVAL without --count" "--count" 1
refuse "INTERVAL COUNT without --count" "--count" 1 5
refuse "-i without --count" "--count" -i 1
refuse "--follow without -p" "-p" --follow -d 0.01
run timeout -k 5 20 "$B/sockstat" --bt --fields accept -d 0.01
is "$rc $out" "2 " "sockstat --bt --fields: exit code 2"
like "$err" '^sockstat: .*--bt.*--fields' "sockstat --bt --fields: the book chooses what is in its maps"
refuse "--count --bt" "--count.*--bt" --count --bt -d 0.01
refuse "-- without a command" "command" --
refuse "-j -- without a command" "command" -j --
bad_words() {
	refuse "--count $*" "$(echo "$*" | sed 's/.* //; s/\./\\./g')" --count "$@"
}
bad_words 0
bad_words x
bad_words 1s
bad_words 1 0
bad_words 1 x
bad_words 1 1.5
for option in "--by pid" --call "--top 3" -U -K --ustack --kstack --folded; do
	refuse "$option: not for this tool" "$(echo "$option" | sed 's/ .*//')" $option
done
# the usage error must come before anything is done
echo precious >"$T/file"
run "$B/soconnect" -o "$T/file" --fields nonsense
is "$rc $(cat "$T/file")" "2 precious" "--fields nonsense: the file of -o is as it was"
echo precious >"$T/file"
run "$B/soconnect" -o "$T/file" -P nonsense
is "$rc $(cat "$T/file")" "2 precious" "-P nonsense: the file of -o is as it was"

is "${noise:-}" '' "no sentence ends in the words of an errno, which tell nothing more"

# ---- --fields help

keys="ts mono_ns pid tid comm thread uid cgroup netns fd family family_name protocol
protocol_name laddr lport raddr rport via addr_from ret errno result async lat_ns"
run "$B/soconnect" --fields help
is "$rc$err" 0 "--fields help: exit code 0, nothing on stderr"
for key in $keys; do
	like "$out" "^$key +[^ ]" "--fields help: $key, and what it is"
done
run "$B/soconnect" --fields help --count
for key in ts comm family raddr rport errno result count; do
	like "$out" "^$key +[^ ]" "--count --fields help: $key"
done
run "$B/soconnect" --count --fields fd -d 0.01
is $rc 2 "--count --fields fd: no column of the summary"
done_testing
