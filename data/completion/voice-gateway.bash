# Completion of voice-gateway, voice-gateway-call and voice-gateway-assistant in bash: their own --help has the options and
# the keys of the configuration.

_voice_gateway () {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=("${COMP_WORDS[0]}") text
  COMPREPLY=()
  # the = of --config=FILE is a word of its own
  [ "$current" != = ] || current=
  [ "$previous" != = ] || previous=${COMP_WORDS[COMP_CWORD - 2]}
  case ${COMP_WORDS[0]##*/}/${COMP_WORDS[1]} in
    voice-gateway/token | voice-gateway/doctor) [ "$COMP_CWORD" -lt 2 ] || command+=("${COMP_WORDS[1]}") ;;
  esac
  case $previous in
    -s | --set) text=$("${COMP_WORDS[0]}" --help 2>/dev/null | grep -oE '^ +[a-z]+\.[a-z-]+=' | tr -d ' ')
      compopt -o nospace 2>/dev/null || true ;;
    -c | --config | --check-pipeline | --keys-file | -p | --pipeline)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    *) text=$("${command[@]}" --help 2>/dev/null | grep -oE '^ +(-., )?--[a-z][a-z-]*' | grep -oE -e '--.*')
      [ "$COMP_CWORD" -ne 1 ] || [ "${COMP_WORDS[0]##*/}" != voice-gateway ] || text+=' token doctor' ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$text" -- "$current")
}

complete -F _voice_gateway -o default voice-gateway voice-gateway-call voice-gateway-assistant
