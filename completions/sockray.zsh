#compdef @COMMANDS@
# _sockray - completion for zsh; what can stand at the cursor is asked of the program itself.

_sockray() {
	local -a lines values shown
	local line

	lines=("${(@f)$(PATH=$PATH:/usr/local/sbin:/usr/sbin sockray complete \
		"${(@Q)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
	case $lines[1] in
	:files | :dirs)
		compset -P '--*='
		[[ $lines[1] == :files ]] && _files || _files -/
		;;
	:command)
		line=$words[(ie)--]
		((CURRENT -= line))
		words[1,line]=()
		_normal
		;;
	?*)
		for line in $lines; do
			values+=("${line%%$'\t'*}")
			shown+=("${line%%$'\t'*}  ${line#*$'\t'}")
		done
		compadd -M 'm:{a-zA-Z}={A-Za-z}' -l -d shown -a values
		;;
	esac
}

_sockray "$@"
