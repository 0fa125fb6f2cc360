#!/bin/sh
# Completion: what sockray complete offers, held to the option table (--help) in both directions,
# each value in its place, and the scripts of bash, zsh and fish, each in its own shell: zsh at a
# terminal, with a Tab that is pressed. Needs neither root nor BPF.
. "$(dirname "$0")/../lib.sh"

PATH=$B:$PATH

# offers WORDS...: the words that may stand in place of the last
offers() {
	sockray complete "$@" | cut -f1
}

# ---- options: those of --help, all and no others

sockray list | while read -r tool _; do echo "$tool"; done >"$T/tools"
while read -r tool; do
	help=$("$B/$tool" --help | sed -n '/^Columns/q; s/^  ....\(--[a-z0-9-]*\).*/\1/p' | sort)
	is "$(offers "$tool" -- | grep -v '^--$' | sort)" "$help" "$tool: all options, no others"
	is "$(sockray complete "$tool" -- | grep -vc '	.')" 0 "$tool: each with its meaning"
	is "$(offers sockray "$tool" --)" "$(offers "$tool" --)" "sockray $tool: the same"
	is "$(offers "/usr/sbin/$tool-sockray" --)" "$(offers "$tool" --)" "$tool-sockray: the same"
	# where a column's name is wanted, those of --fields help
	is "$(offers "$tool" --fields '' | grep -v '^help$')" \
		"$("$B/$tool" --fields help | cut -d' ' -f1)" "$tool --fields: its columns"
done <"$T/tools"
is "$(offers sockray '' | sort | tr '\n' ' ')" \
	"$(echo $(sort "$T/tools" - <<WORDS
doctor
help
list
--help
--version
WORDS
)) " "sockray: tools and verbs"
is "$(offers sockray help '')" "$(cat "$T/tools")" "sockray help: tools"
is "$(offers sockstat --by pid --fields '' | grep -v help)" \
	"$("$B/sockstat" --by pid --fields help | cut -d' ' -f1)" "sockstat --by --fields: those columns"
is "$(offers soconnect --count --fields '' | grep -v help)" \
	"$("$B/soconnect" --count --fields help | cut -d' ' -f1)" "soconnect --count --fields: those"

# ---- values. every word that is offered is one that the option takes

while read -r words; do
	want=${words##*=>}
	want=${want# }
	words=${words%% =>*}
	is "$(eval "offers $words" | tr '\n' ' ')" "$want${want:+ }" "$words: $want"
done <<WORDS
soconnect --fi => --final --fields
soconnect -f in => inet inet6
soconnect -f inet,in => inet,inet6
soconnect -f IN => inet inet6
soconnect --family=in => --family=inet --family=inet6
soconnect -xjf vso => vsock
soconnect -fvso => -fvsock
soconnect --famil vso => vsock
soconnect -p 1 -T --protocol tcp,mp => tcp,mpls tcp,mptcp
soconnect -e econnr => ECONNRESET ECONNREFUSED
soconnect -u roo => root
soconnect --ts '' => iso unix mono
soconnect --backend fentry, => fentry,kprobe fentry,tracepoint
soconnect --output '' => :files
soconnect -o x => :files
soconnect --cgroup '' => :dirs
soconnect --netns pid:$$ => pid:$$
soconnect -p $$ => $$
soconnect -x -- cu => :command
soconnect -o -- -x -- cu => :command
soconnect -P '' =>
soconnect --count 1 5 --wi => --wide
sockstat --call s => socket send
sockstat --by call,comm,k => call,comm,kstack
sockray sockstat --by uid,u => uid,ustack
sockstat --backends '' --ta =>
sofamily --fi => --fields
sockray so => sockstat soconnect sofamily soprotocol
sockray nonsense --f =>
sockray doctor --j => --json
WORDS
cp "$(command -v sleep)" "$T/odd
name"
start "$T/odd
name" 60
await 5 grep -q odd "/proc/$pid/comm" || flunk "a process with a newline in its name"
unlike "$(offers soconnect -c '')" '^(name|odd)' "a process with a newline in its name is left out"
start sleep 60
like "$(offers soconnect -c slee)" '^sleep$' "a process by its name"
like "$(sockray complete soconnect -p "$pid")" "^$pid	sleep\$" "a process by its number, and its name"

for option in -f --protocol -e --ts --backend --fields; do
	bad=
	for word in $(offers soconnect $option ''); do
		"$B/soconnect" $option "$word" --fields help >"$T/o" 2>&1 || bad="$bad $word"
	done
	is "$bad" '' "soconnect $option: takes every word that is offered"
done
for option in --by --call; do
	bad=
	for word in $(offers sockstat $option ''); do
		"$B/sockstat" $option "$word" --fields help >"$T/o" 2>&1 || bad="$bad $word"
	done
	is "$bad" '' "sockstat $option: takes every word that is offered"
done

# ---- the shells, all with the same questions

mkdir "$T/dir"
: >"$T/dir/unique-file"
cat >"$T/lines" <<LINES
soconnect --fin => --final
soconnect -f vso => vsock
soconnect --family=vso => --family=vsock
soconnect --family inet,vso => inet,vsock
soconnect -e ECONNRES => ECONNRESET
sockstat --by comm,ust => comm,ustack
sockray sockst => sockstat
sockray help sofam => sofamily
soconnect -o $T/dir/uni => $T/dir/unique-file
LINES

cat >"$T/ask.bash" <<'END'
. "$1/completions/sockray.bash"
while read -r line; do
	COMP_LINE=${line% => *}
	COMP_POINT=${#COMP_LINE}
	# as readline splits it
	words=${COMP_LINE//=/ = }
	COMP_WORDS=($words)
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_sockray
	# readline replaces what is behind the =
	before=${line%%=> *}
	case $COMP_LINE in
	*=*) before=${COMP_LINE##* } before=${before%=*}= ;;
	*) before= ;;
	esac
	echo "${line% => *} => $before${COMPREPLY[*]}"
done
END
is "$(bash --norc "$T/ask.bash" "$B" <"$T/lines" 2>&1)" "$(cat "$T/lines")" "bash: completes"
is "$(bash --norc -c '. "$1/completions/sockray.bash"; complete -p soconnect sockstat sockray' - "$B" \
	2>&1 | grep -c -- '-F _sockray')" 3 "bash: for each name"
ask='COMP_LINE="soconnect -x -- unique-comm"; COMP_POINT=${#COMP_LINE}
	COMP_WORDS=(soconnect -x -- unique-comm); COMP_CWORD=3; _sockray; echo "${COMPREPLY[*]}"'
printf '#!/bin/sh\n' >"$T/unique-command"
chmod +x "$T/unique-command"
is "$(PATH=$PATH:$T bash --norc -c ". \"\$1/completions/sockray.bash\"; $ask" - "$B" 2>&1)" \
	unique-command "bash: a command behind --"

if command -v fish >"$T/o"; then
	while read -r line; do
		printf '%s => ' "${line% => *}"
		HOME=$T fish --no-config -c ". $B/completions/sockray.fish
			complete -C '${line% => *}'" | cut -f1
	done <"$T/lines" >"$T/fish" 2>&1
	is "$(cat "$T/fish")" "$(cat "$T/lines")" "fish: completes"
	like "$(HOME=$T fish --no-config -c ". $B/completions/sockray.fish; complete -C 'soconnect --fin'")" \
		'^--final	a row when' "fish: with its meaning"
	is "$(PATH=$PATH:$T HOME=$T fish --no-config -c ". $B/completions/sockray.fish
		complete -C 'soconnect -x -- unique-comm'" | cut -f1)" unique-command \
		"fish: a command behind --"
else
	skip "fish: completes" "no fish"
fi

cat >"$T/ask.py" <<'END'
# Types each line at a zsh of its own terminal and presses Tab; prints what has become of it.
import os, pty, re, select, sys, time

def until(fd, mark, seconds):
    got, end = b"", time.time() + seconds
    while mark not in got and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                got += os.read(fd, 65536)
            except OSError:
                break
    return got

pid, fd = pty.fork()
if not pid:
    os.environ.update(TERM="dumb", PS1="", ZDOTDIR=sys.argv[2], COLUMNS="200")
    os.execvp("zsh", ["zsh", "-f", "-i"])
limit = 20 * int(os.environ.get("SLOW", "1"))
os.write(fd, ("stty -echo cols 200; PS1=; PROMPT_SP=; unsetopt zle_bracketed_paste prompt_sp; "
    "fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D; "
    # what Tab has made of the line is written to a file: the screen would have to be understood
    "report() { print -r -- \"$BUFFER\" >>%s/zsh; BUFFER=; }; zle -N report; "
    "bindkey '^X' report; print rea''dy\n" % (sys.argv[2], sys.argv[2])).encode())
until(fd, b"ready", limit)
for n, line in enumerate(sys.stdin, 1):
    os.write(fd, line.split(" => ")[0].encode() + b"\t\x18")
    end = time.time() + limit
    while time.time() < end:
        try:
            if len(open(sys.argv[2] + "/zsh").readlines()) >= n:
                break
        except FileNotFoundError:
            pass
        until(fd, b"\0", 0.05)
os.write(fd, b"exit\n")
END
if command -v zsh >"$T/o"; then
	cp "$B/completions/sockray.zsh" "$T/_sockray"
	# zsh completes the last word of the line
	sed 's/\(.*\) [^ ]* => \(.*\)/\1 \2/' "$T/lines" >"$T/want"
	bound 120 python3 "$T/ask.py" "$B" "$T" <"$T/lines" >"$T/o" 2>&1
	is "$(sed 's/ *$//' "$T/zsh" 2>&1)" "$(cat "$T/want")" "zsh: completes"
else
	skip "zsh: completes" "no zsh"
fi
done_testing
