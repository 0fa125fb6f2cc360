# sockray.fish - completion for fish; what can stand at the cursor is asked of the program itself.

function __sockray_complete
	set -lx PATH $PATH /usr/local/sbin /usr/sbin
	set -l word (commandline -ct)
	set -l lines (sockray complete (commandline -opc) "$word" 2>/dev/null)
	switch "$lines[1]"
	case :files
		__fish_complete_path (string replace -r -- '^--[^=]*=' '' $word)
	case :dirs
		__fish_complete_directories (string replace -r -- '^--[^=]*=' '' $word)
	case :command
		complete -C (commandline -cp | string replace -r -- '^.*? -- +' '')
	case '*'
		test -n "$lines[1]"; and printf '%s\n' $lines
	end
end

for command in @COMMANDS@
	complete -c $command -f -a '(__sockray_complete)'
end
