# sockray.bash - completion for bash; what can stand at the cursor is asked of the program itself.

_sockray() {
	local line=${COMP_LINE:0:COMP_POINT} words=() i=0 piece gap word tail breaks all

	# the program wants the words whole that bash has split at = and :
	while ((i < COMP_CWORD)); do
		piece=${COMP_WORDS[i]}
		gap=${line%%"$piece"*}
		line=${line#"$gap"}
		line=${line#"$piece"}
		if ((i)) && [[ -z $gap ]]; then
			words[-1]+=$piece
		else
			words+=("$piece")
		fi
		((i++))
	done
	piece=${line#"${line%%[![:blank:]]*}"}
	if [[ $piece == "$line" ]]; then
		words[-1]+=$piece
	else
		words+=("$piece")
	fi
	word=${words[-1]}
	# and replaces only what is behind those
	breaks=${COMP_WORDBREAKS//[^=:]/}
	tail=$word
	[[ $breaks ]] && tail=${word##*["$breaks"]}

	mapfile -t all < <(PATH=$PATH:/usr/local/sbin:/usr/sbin sockray complete "${words[@]}" 2>/dev/null)
	COMPREPLY=()
	case ${all[0]-} in
	:files | :dirs)
		compopt -o filenames 2>/dev/null
		[[ ${all[0]} == :files ]] && all=-f || all=-d
		mapfile -t COMPREPLY < <(compgen "$all" -- "$tail")
		;;
	:command)
		for ((i = 1; i < COMP_CWORD; i++)); do
			[[ ${COMP_WORDS[i]} == -- ]] && break
		done
		if declare -F _command_offset >/dev/null; then
			_command_offset $((i + 1))
		elif ((i + 1 == COMP_CWORD)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$tail")
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$tail")
		fi
		;;
	*)
		for piece in "${all[@]}"; do
			piece=${piece%%$'\t'*}
			piece=${piece#"${word%"$tail"}"}
			[[ $piece == *: ]] && compopt -o nospace 2>/dev/null
			[[ $piece == *[!A-Za-z0-9_.,:/@%+=-]* ]] && printf -v piece %q "$piece"
			COMPREPLY+=("$piece")
		done
		;;
	esac
} && complete -F _sockray @COMMANDS@
